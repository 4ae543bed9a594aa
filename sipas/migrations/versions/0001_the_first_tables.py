"""The first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comment",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("wave", sa.SmallInteger(), nullable=False),
        sa.Column("unit", sa.SmallInteger(), nullable=False),
        sa.Column("field", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=4000), nullable=False, comment="after screening"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_comment")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "competence",
        sa.Column("receiver", sa.String(length=40), nullable=False, comment="point code, unit code, or a unit kind"),
        sa.Column("service", sa.String(length=40), nullable=False, comment="service code, or * for every other"),
        sa.Column(
            "responsible",
            sa.String(length=40),
            nullable=False,
            comment="unit code, or @receiver for the receiving unit itself",
        ),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("receiver", "service", name=op.f("pk_competence")),
    )
    op.create_table(
        "crosswalk",
        sa.Column("old", sa.String(length=40), nullable=False),
        sa.Column("new", sa.String(length=40), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("old", "new", name=op.f("pk_crosswalk")),
    )
    op.create_table(
        "response",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("wave", sa.SmallInteger(), nullable=False),
        sa.Column("point", sa.SmallInteger(), nullable=False),
        sa.Column("unit", sa.SmallInteger(), nullable=False),
        sa.Column("field", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False, comment="202603; 0 where it is unknown"),
        sa.Column("cluster", sa.LargeBinary(length=8), nullable=False, comment="keyed label of point and week"),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("language", sa.SmallInteger(), nullable=False),
        sa.Column("form", sa.SmallInteger(), nullable=False),
        sa.Column("sex", sa.SmallInteger(), nullable=False, comment="0 not answered"),
        sa.Column("age", sa.SmallInteger(), nullable=False, comment="band; 0 not answered"),
        sa.Column(
            "answers", sa.LargeBinary(length=250), nullable=False, comment="one byte per item in instrument order"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_response")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "service",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False, comment="order on screens, most used first"),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        sa.UniqueConstraint("code", name=op.f("uq_service_code")),
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False, comment="official code where there is one; text"),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("parent", sa.String(length=40), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True, comment="last day; null while it exists"),
        sa.Column("note", sa.String(length=300), nullable=False, comment="what about this row is not verified"),
        sa.CheckConstraint(
            "valid_to is null or valid_from is null or valid_to >= valid_from", name=op.f("ck_unit_dates")
        ),
        sa.ForeignKeyConstraint(["parent"], ["unit.code"], name=op.f("fk_unit_parent_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_unit_code")),
    )
    op.create_table(
        "wave",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("instrument", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=True, comment="last day; null until somebody closes it"),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False, comment="answers made by the demo; labelled everywhere"),
        sa.CheckConstraint("state in ('open', 'closed', 'frozen')", name=op.f("ck_wave_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wave")),
        sa.UniqueConstraint("code", name=op.f("uq_wave_code")),
    )
    op.create_table(
        "frame",
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("dossiers", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.CheckConstraint("dossiers >= 0", name=op.f("ck_frame_dossiers")),
        sa.ForeignKeyConstraint(["field"], ["service.code"], name=op.f("fk_frame_field_service")),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"], name=op.f("fk_frame_unit_unit")),
        sa.PrimaryKeyConstraint("unit", "field", "month", name=op.f("pk_frame")),
    )
    op.create_table(
        "point",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False, comment="the unit that receives here: the stratum"),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("form", sa.String(length=10), nullable=False, comment="short or full questionnaire"),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"], name=op.f("fk_point_unit_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point")),
        sa.UniqueConstraint("code", name=op.f("uq_point_code")),
    )
    op.create_table(
        "release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("built_by", sa.String(length=100), nullable=False),
        sa.Column("built_on", sa.Date(), nullable=False),
        sa.Column("approved_by", sa.String(length=100), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column(
            "digest",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of the folder's SHA256SUMS when it was built",
        ),
        sa.CheckConstraint("state in ('draft', 'approved', 'published')", name=op.f("ck_release_state")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_release_wave_id_wave")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("code", name=op.f("uq_release_code")),
    )
    op.create_table(
        "snapshot",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column(
            "file",
            sa.String(length=200),
            nullable=False,
            comment="name below SIPAS_HOME/snapshots; never an absolute path",
        ),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("frozen_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_snapshot_wave_id_wave")),
        sa.PrimaryKeyConstraint("wave_id", name=op.f("pk_snapshot")),
    )
    op.create_table(
        "wave_point",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["point_id"], ["point.id"], name=op.f("fk_wave_point_point_id_point")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_wave_point_wave_id_wave")),
        sa.PrimaryKeyConstraint("wave_id", "point_id", name=op.f("pk_wave_point")),
    )


def downgrade() -> None:
    op.drop_table("wave_point")
    op.drop_table("snapshot")
    op.drop_table("release")
    op.drop_table("point")
    op.drop_table("frame")
    op.drop_table("wave")
    op.drop_table("unit")
    op.drop_table("service")
    op.drop_table("response")
    op.drop_table("crosswalk")
    op.drop_table("competence")
    op.drop_table("comment")
