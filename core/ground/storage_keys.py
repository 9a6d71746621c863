"""Where each object lies in the buckets. What is stored stays there: no key here may change.

==============  =======================================  =========================================
Bucket          Key                                      Object
==============  =======================================  =========================================
input           ``{job_id}_{filename}``                  a photo whose job has no answer yet
input           ``idempotency/{sha256}``                 the job of an ``Idempotency-Key``
output          ``{job_id}``                             a job's result
output          ``batches/{batch_id}/photos.json``       the photos of a batch
output          ``batches/{batch_id}/{number}.done``     a mark that a photo of it is done
output          ``batches/{batch_id}/{number}.failed``   a mark that a photo of it has failed
output          ``batches-by-time/{tenant}.of/{time}-…``  the id of a batch, the newest first
output          ``checks/{uuid}``                        a trial of what a store can do
output          ``webhooks/{id}/{event_id}.json``        a delivery of an event that failed
gallery         ``collections/{collection_id}.json``     a collection, without its faces
gallery         ``erasures/{collection_id}.json``        what was erased in a collection
gallery         ``past-erasures/{id}.of/{uuid}.json``    the same, longer ago than messages live
gallery         ``audit/{time}-{uuid}.json``             an audit record
gallery         ``consents/{id}.of/{hash}.json``         a person's consent note
gallery         ``person-ids/{id}.of/{hash}.json``       a person's id, if they were renamed
gallery         ``person-ids/{id}.of/by-id/{uuid}.json`` under which hash an id lies
gallery         ``crops/{id}/{face_id}.jpg``             a small picture of an enrolled face
gallery         ``crops/{id}/writing/{uuid}.json``       which of them are being written
gallery         ``groups/{collection_id}.json``          which unnamed faces are one person's
gallery         ``secrets/names``                        by what names are hashed there
gallery         ``galleries/{gallery_id}.lance/…``       the faces of a gallery
gallery         ``changes/bell``                         another text after each change
gallery         ``changes/galleries/{gallery_id}``       another text after each of the gallery's
gallery         ``changes/journals/{gallery_id}``        faces of a gallery that no file there has
gallery         ``recent/collections.json``              the collections used last
gallery         ``recent/tenants.json``                  whose these were, in the same order
gallery         ``fleet/last-work``                      another text while workers have work
gallery         ``fleet/unknowns-swept``                 another text when old unknowns are removed
gallery         ``fleet/move.json``                      that all is moved to, or from, elsewhere
gallery         ``webhooks/{id}.json``                   a webhook, with the secrets that sign
gallery         ``keys/{key_id}.json``                   an API key, without its secrets
gallery         ``keys-used/{key_id}``                   the day on which a key was used last
gallery         ``format``                               the version of all that, if it is not 1
gallery         ``tenants/{tenant}/…``                   a tenant's own of the above from
                                                         ``collections/`` to ``secrets/``, of
                                                         ``webhooks/`` and of
                                                         ``recent/collections.json``
==============  =======================================  =========================================
"""

import hashlib
from datetime import datetime
from typing import Final

from core.ground.ids import JOB_ID_LENGTH, is_job_id
from core.ground.realms import WHOLE, Realm

CHECKS: Final = "checks/"
BATCHES: Final = "batches/"
BATCH_TIMES: Final = "batches-by-time/"
_LAST_S: Final = 10**11 - 1
COLLECTIONS: Final = "collections/"
ERASURES: Final = "erasures/"
PAST_ERASURES: Final = "past-erasures/"
AUDIT: Final = "audit/"
CONSENTS: Final = "consents/"
CROPS: Final = "crops/"
PERSON_IDS: Final = "person-ids/"
GROUPS: Final = "groups/"
GALLERIES: Final = "galleries"
"""Without a slash, as a folder's name."""
CHANGES: Final = "changes/"
BELL: Final = "changes/bell"
MARKERS: Final = "changes/galleries/"
JOURNALS: Final = "changes/journals/"
RECENT_COLLECTIONS: Final = "recent/collections.json"
RECENT_TENANTS: Final = "recent/tenants.json"
LAST_WORK: Final = "fleet/last-work"
UNKNOWNS_SWEPT: Final = "fleet/unknowns-swept"
FORMAT: Final = "format"
MOVE: Final = "fleet/move.json"
TENANTS: Final = "tenants/"
WEBHOOKS: Final = "webhooks/"
KEYS: Final = "keys/"
KEYS_USED: Final = "keys-used/"
WITHOUT_PEOPLE: Final = (AUDIT, KEYS_USED, CHANGES, "recent/", "fleet/")
"""What is written also while nothing about people is."""
NAMES_SECRET: Final = "secrets/names"  # noqa: S105 - where it lies

_ENDING: Final = ".json"


def photo_prefix(job_id: str) -> str:
    """Return how the key of a job's photo begins."""
    return f"{job_id}_"


def photo_key(job_id: str, filename: str) -> str:
    """Return where a job's photo lies; the filename is a safe one."""
    return f"{photo_prefix(job_id)}{filename}"


def is_photo_key(key: str) -> bool:
    """Tell whether a key is that of a job's photo."""
    return is_job_id(job_of_photo(key)) and key.startswith("_", JOB_ID_LENGTH)


def job_of_photo(key: str) -> str:
    """Return the id of the job whose photo lies there."""
    return key[:JOB_ID_LENGTH]


def idempotency_record_key(idempotency_key: str, realm: Realm = WHOLE) -> str:
    """Return where the job of a realm's ``Idempotency-Key`` is noted."""
    patterns = () if realm.is_whole else sorted(realm.patterns)
    scope = (realm.tenant, *patterns) if realm.tenant or patterns else ()
    # No key has a NUL, so that none of one realm is another realm's.
    text = "\0".join((*scope, idempotency_key))
    return f"idempotency/{hashlib.sha256(text.encode()).hexdigest()}"


def batch_prefix(batch_id: str) -> str:
    """Return how all keys of a batch begin."""
    return f"{BATCHES}{batch_id}/"


def batch_list_key(batch_id: str) -> str:
    """Return where it is noted which photos belong to a batch."""
    return f"{batch_prefix(batch_id)}photos.json"


def batch_times_prefix(tenant: str) -> str:
    """Return how the keys begin under which a tenant's batches are listed."""
    return f"{BATCH_TIMES}{tenant}.of/"


def batch_time_key(tenant: str, batch_id: str, accepted_at: datetime) -> str:
    """Return where it is noted when a batch came; the newest is the first of all."""
    left_s = _LAST_S - int(accepted_at.timestamp())
    return f"{batch_times_prefix(tenant)}{left_s:011}-{batch_id}"


def batch_of_time(key: str) -> str:
    """Return the id of the batch that is noted there."""
    return key.rpartition("/")[2].partition("-")[2]


def batch_mark_key(batch_id: str, position: int, status: str) -> str:
    """Return where a mark lies that a photo of a batch is ``done`` or has ``failed``."""
    return f"{batch_prefix(batch_id)}{position:06}.{status}"


def collection_key(collection_id: str) -> str:
    """Return where a collection lies."""
    return f"{COLLECTIONS}{collection_id}{_ENDING}"


def collection_of(key: str) -> str:
    """Return the id of the collection that lies there."""
    return key.removeprefix(COLLECTIONS).removesuffix(_ENDING)


def erasures_key(collection_id: str) -> str:
    """Return where it is noted what was erased in a collection."""
    return f"{ERASURES}{collection_id}{_ENDING}"


def past_erasures_prefix(collection_id: str) -> str:
    """Return how the keys begin under which old erasures of a collection are noted."""
    return f"{PAST_ERASURES}{collection_id}.of/"


def past_erasures_key(collection_id: str, unique: str) -> str:
    """Return where old erasures are noted."""
    return f"{past_erasures_prefix(collection_id)}{unique}{_ENDING}"


def tenant_prefix(tenant: str) -> str:
    """Return how the keys of a tenant's own objects in the gallery bucket begin."""
    return f"{TENANTS}{tenant}/"


def api_key_key(key_id: str) -> str:
    """Return where it lies what is known of an API key."""
    return f"{KEYS}{key_id}{_ENDING}"


def api_key_used_key(key_id: str) -> str:
    """Return where the day lies on which an API key was used last."""
    return f"{KEYS_USED}{key_id}"


def audit_key(at: datetime, unique: str) -> str:
    """Return where the audit record of something lies that was done at a time, in UTC."""
    return audit_key_of(f"{at:%Y-%m-%dT%H-%M-%S}-{unique}")


def audit_key_of(record_id: str) -> str:
    """Return where the audit record of that id lies."""
    return f"{AUDIT}{record_id}{_ENDING}"


def audit_id(key: str) -> str:
    """Return the id of the audit record that lies there."""
    return key.removeprefix(AUDIT).removesuffix(_ENDING)


def consents_prefix(collection_id: str) -> str:
    """Return how the keys of a collection's consent notes begin."""
    # Not the id alone: it may be "..", which is no part of a path.
    return f"{CONSENTS}{collection_id}.of/"


def consent_key(collection_id: str, mark: str) -> str:
    """Return where the consent note of a person lies, whose name has that hash."""
    return f"{consents_prefix(collection_id)}{mark}{_ENDING}"


def consent_mark(key: str) -> str:
    """Return the hash of the name of the person whose consent note lies there."""
    return key.rpartition("/")[2].removesuffix(_ENDING)


def person_ids_prefix(collection_id: str) -> str:
    """Return how all keys of the ids of a collection's people begin."""
    return f"{PERSON_IDS}{collection_id}.of/"


def id_of_hash_key(collection_id: str, mark: str) -> str:
    """Return where the id of a person lies whose name has that hash."""
    return f"{person_ids_prefix(collection_id)}{mark}{_ENDING}"


def hash_of_id_key(collection_id: str, person_id: str) -> str:
    """Return where the hash of the name of a person of that id lies."""
    return f"{person_ids_prefix(collection_id)}by-id/{person_id}{_ENDING}"


def crops_prefix(folder: str) -> str:
    """Return how all keys of a collection's crops begin."""
    return f"{CROPS}{folder}/"


def crop_key(folder: str, face_id: str) -> str:
    """Return where the crop of a face lies."""
    return f"{crops_prefix(folder)}{face_id}.jpg"


def crop_marks_prefix(folder: str) -> str:
    """Return how the keys of the marks begin that say which crops are being written."""
    return f"{crops_prefix(folder)}writing/"


def crop_mark_key(folder: str, unique: str) -> str:
    """Return where such a mark lies."""
    return f"{crop_marks_prefix(folder)}{unique}{_ENDING}"


def groups_key(collection_id: str) -> str:
    """Return where it lies how the unnamed faces of a collection are grouped."""
    return f"{GROUPS}{collection_id}{_ENDING}"


def webhook_key(webhook_id: str) -> str:
    """Return where a webhook lies."""
    return f"{WEBHOOKS}{webhook_id}{_ENDING}"


def deliveries_prefix(webhook_id: str) -> str:
    """Return how the keys of a webhook's failed deliveries begin."""
    return f"{WEBHOOKS}{webhook_id}/"


def delivery_key(webhook_id: str, event_id: str) -> str:
    """Return where the failed delivery of an event lies."""
    return f"{deliveries_prefix(webhook_id)}{event_id}{_ENDING}"


def gallery_prefix(gallery_id: str) -> str:
    """Return how the keys of a gallery's files begin."""
    return f"{GALLERIES}/{gallery_id}.lance/"


def marker_key(gallery_id: str) -> str:
    """Return where a gallery's marker lies, which is another after each change."""
    return f"{MARKERS}{gallery_id}"


def journal_key(gallery_id: str) -> str:
    """Return where the faces of a gallery lie that its files do not hold yet."""
    return f"{JOURNALS}{gallery_id}"
