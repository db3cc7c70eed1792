use crate::control::Control;
use crate::finding::Severity;

pub static CONTROL: Control = Control {
    name: "private-dns-disabled",
    summary: "",
    documentation: "",
    severity: Severity::High,
    needs: &[],
    changes: &[],
    evaluate: |_| Ok(Vec::new()),
};
