"""Ratify: the application factory."""

from __future__ import annotations

import gc
from pathlib import Path

from flask import Flask

# Nothing of an import is garbage, and to look for it takes a quarter of a start.
gc.disable()

from config import Environment, Settings, load_settings
from crm import i18n, job_queue, policy, security, web
from crm.accounts import passwords, sessions
from crm.accounts import queries as accounts_queries
from crm.accounts import views as accounts_views
from crm.accounts.links import forget_links
from crm.attachments import storage as attachment_storage
from crm.attachments import views as attachments_views
from crm.audit import recording
from crm.audit import views as audit_views
from crm.audit.actions import after_undo, on_undo
from crm.caught_mail import views as caught_mail_views
from crm.coalition import jobs as coalition_jobs
from crm.coalition import views as coalition_views
from crm.database import prepare_engine
from crm.demo import jobs as demo_jobs
from crm.demo import views as demo_views
from crm.directory import contact_rows as directory_rows
from crm.directory import labels, registry
from crm.directory.undoing import let_go_of_undone, project_undone
from crm.duplicates import contact_rows as duplicates_rows
from crm.duplicates import jobs as duplicates_jobs
from crm.duplicates import undoing as duplicates_undoing
from crm.duplicates import views as duplicates_views
from crm.exports import jobs as exports_jobs
from crm.exports import views as exports_views
from crm.extensions import csrf, db, limiter, mail
from crm.health import views as health_views
from crm.history import contact_rows as history_rows
from crm.history import projection as history_projection
from crm.history import views as history_views
from crm.history.finished import tell_undone
from crm.inbound import answers as inbound_answers
from crm.inbound import contact_rows as inbound_rows
from crm.inbound import jobs as inbound_jobs
from crm.inbound import placing as inbound_placing
from crm.inbound import views as inbound_views
from crm.inbox import contact_rows as inbox_rows
from crm.inbox import views as inbox_views
from crm.letters import contact_rows as letters_rows
from crm.letters import jobs as letters_jobs
from crm.letters import views as letters_views
from crm.letters.actions import BATCH_KIND, copy_templates
from crm.letters.notices import tell_of_stop
from crm.letters.results import record_results
from crm.outbox import jobs as outbox_jobs
from crm.outbox import views as outbox_views
from crm.outbox.actions import STANDING_KIND
from crm.outbox.enclosures import kept_by
from crm.outbox.owners import owned
from crm.outbox.results import on_result, on_stop
from crm.overview import jobs as overview_jobs
from crm.overview import views as overview_views
from crm.pipeline import contact_rows as pipeline_rows
from crm.pipeline import jobs as pipeline_jobs
from crm.pipeline import views as pipeline_views
from crm.pipeline.actions import on_campaign_copied
from crm.pipeline.furthest import follow_undone_moves
from crm.pipeline.last_contact import follow, follow_contacts, follow_undone
from crm.places import views as places_views
from crm.reports import views as reports_views
from crm.roster_import import contact_rows as roster_import_rows
from crm.roster_import import jobs as roster_import_jobs
from crm.roster_import import views as roster_import_views
from crm.roster_import.undoing import follow_undo
from crm.stances import contact_rows as stances_rows
from crm.stances import projection as stances_projection
from crm.stances import views as stances_views
from crm.suppressions import views as suppressions_views
from crm.timeline import contact_rows as timeline_rows
from crm.timeline.actions import forget_undone, on_contact
from crm.timeline.edits import hide_undone_edits
from crm.treaties import views as treaties_views
from crm.turnover import jobs as turnover_jobs
from crm.turnover import views as turnover_views

# What is imported stays: neither this process nor its forks look through it again.
gc.freeze()
gc.enable()

ROOT = Path(__file__).parent.parent
# Importing them is what puts their functions on the list of jobs.
JOBS = (
    coalition_jobs,
    demo_jobs,
    duplicates_jobs,
    exports_jobs,
    inbound_jobs,
    letters_jobs,
    outbox_jobs,
    overview_jobs,
    pipeline_jobs,
    roster_import_jobs,
    turnover_jobs,
)
# The features whose rows follow a contact into a merge.
CONTACT_ROWS = (
    directory_rows,
    timeline_rows,
    stances_rows,
    pipeline_rows,
    history_rows,
    letters_rows,
    inbox_rows,
    inbound_rows,
    roster_import_rows,
    duplicates_rows,
)


def create_app(settings: Settings | None = None) -> Flask:
    """The application with every feature registered; settings come from the environment where none are given."""
    settings = settings or load_settings()
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.from_mapping(settings.flask_config())
    app.config["PSEUDO_LOCALE"] = settings.environment is not Environment.PRODUCTION
    app.extensions["settings"] = settings
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}

    db.init_app(app)
    csrf.init_app(app)
    mail.init_app(app)
    limiter.init_app(app)
    job_queue.init_app(app, settings.queue_url)
    i18n.init_app(app)
    web.init_app(app)
    security.init_app(app)
    passwords.init_app(app)
    sessions.init_app(app)
    policy.init_app(app)
    audit_views.init_app(app, accounts_queries.actor_names)
    app.register_blueprint(accounts_views.blueprint)
    app.register_blueprint(audit_views.blueprint)
    app.register_blueprint(attachments_views.blueprint)
    app.register_blueprint(places_views.blueprint)
    labels.init_app(app)
    app.register_blueprint(overview_views.blueprint)
    health_views.init_app(app)
    app.register_blueprint(outbox_views.blueprint)
    if settings.mail_catcher:
        app.register_blueprint(caught_mail_views.blueprint)
    app.register_blueprint(treaties_views.blueprint)
    app.register_blueprint(stances_views.blueprint)
    app.register_blueprint(pipeline_views.blueprint)
    app.register_blueprint(history_views.blueprint)
    app.register_blueprint(reports_views.blueprint)
    app.register_blueprint(exports_views.blueprint)
    app.register_blueprint(letters_views.blueprint)
    suppressions_views.init_app(app)
    coalition_views.init_app(app)
    inbox_views.init_app(app)
    app.register_blueprint(inbound_views.blueprint)
    app.register_blueprint(roster_import_views.blueprint)
    demo_views.init_app(app)
    duplicates_views.init_app(app)
    turnover_views.init_app(app)
    app.register_blueprint(turnover_views.blueprint)
    app.register_blueprint(duplicates_views.blueprint)
    with app.app_context():
        prepare_engine(db.engine)
    recording.listen()
    for feature in CONTACT_ROWS:
        registry.join(feature.CONTACT_ROWS)
    on_undo(forget_undone)
    on_undo(hide_undone_edits)
    on_undo(follow_undo, clears="timeline_entry")
    on_undo(duplicates_undoing.let_go_of_undone, clears="duplicate_proposal")
    on_undo(let_go_of_undone)
    on_undo(stances_projection.let_go_of_undone, clears="current_stance")
    after_undo(project_undone)
    after_undo(stances_projection.project_undone)
    after_undo(follow_undone)
    after_undo(follow_undone_moves)
    on_contact(follow)
    on_campaign_copied(copy_templates)
    registry.on_rows_moved(follow_contacts)
    registry.on_renamed(stances_projection.follow_names)
    after_undo(history_projection.project_undone)
    after_undo(tell_undone)
    after_undo(inbound_placing.follow_undone)
    on_result(forget_links, STANDING_KIND)
    on_result(record_results, BATCH_KIND)
    on_result(inbound_answers.record_answers, inbound_answers.BATCH_KIND)
    owned(BATCH_KIND, letters_views.page_of_batch)
    on_stop(tell_of_stop)
    kept_by(attachment_storage.path_of)
    return app
