"""Devices: enrolment, and what could not be opened of what they sent"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("point", sa.Integer(), nullable=False),
        sa.Column(
            "key", sa.LargeBinary(length=65), nullable=False, comment="public half; the other never leaves the device"
        ),
        sa.Column("enrolled", sa.String(length=7), nullable=False, comment="month, such as 2026-03"),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False, comment="number of the last batch that was settled"),
        sa.Column("settled", sa.Integer(), nullable=False, comment="sealed messages taken, as we counted"),
        sa.Column(
            "settled_sum",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="sum of SHA-256(message) mod 2^256: shows a missing one, no order",
        ),
        sa.Column("damaged", sa.Integer(), nullable=False, comment="messages that did not open, kept sealed"),
        sa.Column(
            "agrees", sa.Boolean(), nullable=False, comment="whether the device's own count and sum were the same"
        ),
        sa.Column("made", sa.Integer(), nullable=False, comment="sealed messages made, as the device says"),
        sa.Column("waiting", sa.Integer(), nullable=False, comment="sealed messages waiting, as the device says"),
        sa.Column("last_contact", sa.Date(), nullable=True),
        sa.Column("persistent", sa.Boolean(), nullable=True, comment="whether its browser promised to keep the store"),
        sa.Column("software", sa.String(length=40), nullable=False, comment="version of the pages on the device"),
        sa.Column("clock_off", sa.Boolean(), nullable=False, comment="whether its clock was more than a day off"),
        sa.ForeignKeyConstraint(["point"], ["point.id"], name=op.f("fk_device_point_point")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
    )
    op.create_table(
        "enrol_code",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("point", sa.Integer(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False, comment="seconds since 1970"),
        sa.Column("device", sa.String(length=32), nullable=False, comment="the device that used it"),
        sa.ForeignKeyConstraint(["point"], ["point.id"], name=op.f("fk_enrol_code_point_point")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_enrol_code")),
    )
    op.create_table(
        "unopened",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the message"),
        sa.Column("wave", sa.String(length=40), nullable=False, comment="as the device says"),
        sa.Column("point", sa.SmallInteger(), nullable=False),
        sa.Column(
            "reason",
            sa.String(length=10),
            nullable=False,
            comment="damaged (does not open) or strange (opens, makes no sense)",
        ),
        sa.Column("sealed", sa.LargeBinary(length=2048), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_unopened")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("unopened")
    op.drop_table("enrol_code")
    op.drop_table("device")
