"""What changes the directory.

Every action flushes and keeps the derived columns true; wrap many of them in `projected_together()`.
"""

from crm.directory.actions.contacts import create_organization, create_person, update_contact
from crm.directory.actions.descriptions import (
    add_identifier,
    add_other_name,
    add_source,
    change_row,
    remove_row,
    set_languages,
)
from crm.directory.actions.known import AlreadyKnown
from crm.directory.actions.memberships import (
    add_membership,
    add_post,
    change_membership,
    change_post,
    remove_membership,
    remove_post,
)
from crm.directory.actions.points import (
    InvalidAddress,
    add_point,
    change_point,
    normalize_address,
    remove_point,
    set_point_status,
)
from crm.directory.actions.relationships import add_relationship, change_relationship, remove_relationship

__all__ = [
    "AlreadyKnown",
    "InvalidAddress",
    "add_identifier",
    "add_membership",
    "add_other_name",
    "add_point",
    "add_post",
    "add_relationship",
    "add_source",
    "change_membership",
    "change_point",
    "change_post",
    "change_relationship",
    "change_row",
    "create_organization",
    "create_person",
    "normalize_address",
    "remove_membership",
    "remove_point",
    "remove_post",
    "remove_relationship",
    "remove_row",
    "set_languages",
    "set_point_status",
    "update_contact",
]
