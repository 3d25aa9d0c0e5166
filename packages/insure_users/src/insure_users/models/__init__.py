from insure_users.models.challenges import Challenge
from insure_users.models.consents import Consent
from insure_users.models.counters import Counter
from insure_users.models.requests import DataRequest
from insure_users.models.sessions import Session
from insure_users.models.users import AbstractInsureUser, User, UserManager

__all__ = ["AbstractInsureUser", "Challenge", "Consent", "Counter", "DataRequest", "Session", "User", "UserManager"]
