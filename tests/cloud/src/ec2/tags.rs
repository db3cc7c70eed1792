//! Tags, on creation and later.

use super::{Answered, ApiError, Call};
use crate::world::Tags;

/// The most that a resource may have.
const MOST: usize = 50;

impl Call<'_> {
    /// The tags that a create call gives to what it makes.
    pub(super) fn new_tags(&self, resource_type: &str) -> Result<Tags, ApiError> {
        let mut tags = Tags::new();
        for prefix in self.form.structures("TagSpecification") {
            let wanted = self.form.required(&format!("{prefix}.ResourceType"));
            if wanted != resource_type {
                return Err(ApiError::new(
                    "InvalidParameterValue",
                    format!("{wanted} is not a valid resource type for this call"),
                ));
            }
            self.read_tags(&format!("{prefix}.Tag"), &mut tags);
        }
        check(&tags)?;
        Ok(tags)
    }

    fn read_tags(&self, list: &str, tags: &mut Tags) {
        for prefix in self.form.structures(list) {
            let key = self.form.required(&format!("{prefix}.Key")).to_owned();
            let value = self.form.required(&format!("{prefix}.Value")).to_owned();
            tags.insert(key, value);
        }
    }

    fn retag(&mut self, id: &str, change: impl FnOnce(&mut Tags)) -> Answered {
        let world = &mut *self.world;
        match id.split_once('-').map(|(kind, _)| kind) {
            Some("vpc") if world.vpc(id).is_some() => world.edit_vpc(id, |it| change(&mut it.tags)),
            Some("subnet") if world.subnet(id).is_some() => world.edit_subnet(id, |it| change(&mut it.tags)),
            Some("rtb") if world.route_table(id).is_some() => world.edit_route_table(id, |it| change(&mut it.tags)),
            Some("sg") if world.group(id).is_some() => world.edit_group(id, |it| change(&mut it.tags)),
            Some("vpce") if world.endpoint_service(id).is_some() => {
                world.edit_endpoint_service(id, |it| change(&mut it.tags))
            }
            Some("vpce") if world.endpoint(id).is_some() => world.edit_endpoint(id, |it| change(&mut it.tags)),
            _ => return Err(ApiError::new("InvalidID", format!("The ID '{id}' is not valid"))),
        }
        Ok(())
    }
}

pub(super) fn create(call: &mut Call<'_>) -> Answered {
    let mut tags = Tags::new();
    call.read_tags("Tag", &mut tags);
    check(&tags)?;
    for id in call.form.list("ResourceId") {
        call.retag(&id, |there| there.extend(tags.clone()))?;
    }
    call.done()
}

pub(super) fn delete(call: &mut Call<'_>) -> Answered {
    let mut tags = Tags::new();
    call.read_tags("Tag", &mut tags);
    for id in call.form.list("ResourceId") {
        call.retag(&id, |there| there.retain(|key, _| !tags.contains_key(key)))?;
    }
    call.done()
}

fn check(tags: &Tags) -> Answered {
    if tags.len() > MOST {
        return Err(ApiError::new(
            "TagLimitExceeded",
            "The maximum number of tags has been reached",
        ));
    }
    match tags.iter().find(|(key, value)| {
        key.is_empty() || key.chars().count() > 127 || value.chars().count() > 255 || key.starts_with("aws:")
    }) {
        Some((key, _)) => Err(ApiError::new(
            "InvalidParameterValue",
            format!("The tag '{key}' is not valid"),
        )),
        None => Ok(()),
    }
}
