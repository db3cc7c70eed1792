use crate::Perimeter;

/// The perimeter policy for an endpoint of a service.
pub fn template(_service: &str, _region: &str, _perimeter: &Perimeter) -> String {
    String::new()
}
