/** Words of the catalogue of matters, in English; the same keys as in Chinese. */
export const catalogueEn = {
  'nav.catalogue': 'Matters',
  'matter.search': 'Name or code of a matter', 'matter.shown': '{n} on this page', 'matter.onlyOn': 'In effect only', 'matter.on': 'In effect on', 'matter.none': 'No matter like that', 'matter.back': 'Back to the catalogue',
  'matter.state': 'State', 'matter.notYet': 'not yet', 'matter.over': 'over', 'matter.holds': 'in effect', 'matter.code': 'Code', 'matter.name': 'Name', 'matter.name_en': 'English name', 'matter.category': 'Category', 'matter.unit_hint': 'Handled by', 'matter.conditions': 'Conditions', 'matter.limit': 'Limit', 'matter.stages': 'Stage limits',
  'matter.evidence': 'Evidence', 'matter.effective_from': 'From', 'matter.effective_to': 'Until', 'matter.effective': 'In effect', 'matter.source': 'Source', 'matter.sample': 'sample', 'matter.version': 'Version',
  'matter.stagesDefault': 'the usual ones', 'matter.photosN': '{n} photos', 'matter.photos': 'Photos', 'matter.position': 'place of disposal', 'matter.openEnd': 'no end', 'matter.isSample': 'A sample without a source document', 'matter.isSourced': 'has a source',
  'matter.local': 'written here', 'matter.now': 'In force', 'matter.current': 'in force', 'matter.versions': 'All versions ({n})', 'matter.versionN': 'version {n}', 'matter.compare': 'Compare', 'matter.with': 'with this version', 'matter.same': 'The two say the same',
  'matter.field': 'Field', 'matter.before': 'Before', 'matter.after': 'After', 'matter.changes': 'What changes', 'matter.write': 'Write a version', 'matter.publish': 'Keep version {n} as a draft', 'matter.added': 'Version {n} is a draft; it holds once handed in and published by another person', 'matter.kind': 'Kind of limit', 'matter.unit': 'Unit', 'matter.amount': 'Amount',
  'matter.sourceHint': 'document and clause', 'matter.unsourced': 'Name the source, or mark it as a sample', 'matter.addStage': 'Add a stage', 'matter.dropStage': 'Remove stage {stage}', 'matter.running': 'Running orders keep the version of their intake; a new one holds for orders taken in later.',
  'limitKind.legal': 'legal', 'limitKind.promised': 'promised', 'stage.accept': 'accept', 'stage.dispatch': 'dispatch', 'stage.sign': 'sign', 'stage.dispose': 'dispose', 'stage.verify': 'verify', 'stage.close': 'close', 'unit.working_hour': 'working hours',
  'matter.handIn': 'Hand in', 'matter.handInSays': 'Hand version {n} of “{name}” in: another person decides then.', 'matter.note': 'Opinion', 'matter.publishIt': 'Publish', 'matter.publishSays': 'Publish version {n} of “{name}”: it holds for orders taken in from then on.',
  'matter.refuseIt': 'Refuse', 'matter.refuseSays': 'Refuse version {n} of “{name}”; what is in force stays.', 'matter.reviewedBy': 'reviewed by {who}',
  'versionState.draft': 'draft', 'versionState.in_review': 'in review', 'versionState.refused': 'refused', 'versionState.published': 'published',
} as const
