import pytest

from insure_audit.merkle import inclusion_path, leaf_digest, root_from_path, root_of

SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 16, 33]


def leaves(size):
    return [leaf_digest(bytes([number])) for number in range(size)]


def test_leaf_and_root_are_those_of_the_standard():
    # Test vectors of Certificate Transparency's reference implementation.
    data = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43"]
    digests = [leaf_digest(item) for item in data]
    assert digests[0] == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root_of(digests[:2]) == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert root_of(digests[:3]) == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    assert root_of(digests[:6]) == "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_has_a_path_to_the_root(size):
    digests = leaves(size)
    for index in range(size):
        path = inclusion_path(digests, index)
        assert root_from_path(digests[index], index=index, size=size, path=path) == root_of(digests)


@pytest.mark.parametrize("size", [2, 3, 8, 9])
def test_path_leads_nowhere_for_another_leaf_place_or_size(size):
    digests = leaves(size)
    path = inclusion_path(digests, 0)
    root = root_of(digests)
    assert root_from_path(digests[1], index=0, size=size, path=path) != root
    assert root_from_path(digests[0], index=1, size=size, path=path) != root
    assert root_from_path(digests[0], index=0, size=size, path=path[1:]) != root
    assert root_from_path(digests[0], index=0, size=size, path=[*path, root]) != root
    assert root_from_path(digests[0], index=size, size=size, path=path) is None
    assert root_from_path(digests[0], index=-1, size=size, path=path) is None
