"""Every table of the product in one place, so that migrations and tests see them all."""

import crm.accounts.models
import crm.attachments.models
import crm.audit.models
import crm.coalition.models
import crm.directory.models
import crm.duplicates.models
import crm.exports.models
import crm.health.models
import crm.history.models
import crm.inbound.models
import crm.inbox.models
import crm.letters.models
import crm.outbox.models
import crm.overview.models
import crm.pipeline.models
import crm.places.models
import crm.roster_import.models
import crm.search_index.models
import crm.stances.models
import crm.timeline.models
import crm.treaties.models
import crm.turnover.models

FEATURES = (
    crm.audit.models,
    crm.search_index.models,
    crm.outbox.models,
    crm.accounts.models,
    crm.attachments.models,
    crm.places.models,
    crm.directory.models,
    crm.timeline.models,
    crm.treaties.models,
    crm.stances.models,
    crm.pipeline.models,
    crm.coalition.models,
    crm.history.models,
    crm.letters.models,
    crm.inbox.models,
    crm.inbound.models,
    crm.exports.models,
    crm.roster_import.models,
    crm.duplicates.models,
    crm.turnover.models,
    crm.health.models,
    crm.overview.models,
)
