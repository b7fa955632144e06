"""Files beside the records they belong to: kept by digest at a site, shown by right, fetched between sites apart from messages."""

from yiwang_kit.attachments.desk import Attachments, Rights
from yiwang_kit.attachments.records import REFERENCES_SCHEMA, Attachment, Progress, references

__all__ = ["REFERENCES_SCHEMA", "Attachment", "Attachments", "Progress", "Rights", "references"]
