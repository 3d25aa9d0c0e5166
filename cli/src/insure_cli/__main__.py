from insure_cli.main import main

main()
