"""What overlap puts into a Salesforce org, derived from `overlap.fields`, and how it gets there."""
