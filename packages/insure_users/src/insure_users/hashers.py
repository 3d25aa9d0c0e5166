"""Argon2id with costs from INSURE_USERS. A hash made with other costs is made anew at the next sign-in."""

from django.contrib.auth.hashers import Argon2PasswordHasher

from insure_users.conf import UsersSettings


class Argon2idHasher(Argon2PasswordHasher):
    @property
    def time_cost(self) -> int:  # type: ignore[override] # a setting here, a constant there
        return UsersSettings.load().ARGON2_TIME_COST

    @property
    def memory_cost(self) -> int:  # type: ignore[override]
        return UsersSettings.load().ARGON2_MEMORY_KIB

    @property
    def parallelism(self) -> int:  # type: ignore[override]
        return UsersSettings.load().ARGON2_PARALLELISM

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Django calls it for a wrong password and a hash of other costs: today's are spent as well, so that the time
        does not tell who has not signed in since they were raised.
        """
        self.encode(password, self.salt())
