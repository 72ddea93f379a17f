//! Where are the resources of one type in a template that describes many?
//!
//! # What it reads
//! CloudFormation templates (`Resources:` with `Type:` and `Properties:`), and terraform's HCL, its
//! JSON (`resource.TYPE.NAME`) and what `terraform show -json` prints of a plan or a state.

use super::object::Sighting;
use super::tree::{Field, Kind};

/// The CloudFormation resources of `kind`, such as `AWS::ECS::Service`: logical name and
/// `Properties`; the resource itself where it has none.
pub(super) fn cloudformation<'t>(document: Field<'t>, kind: &str) -> Vec<Sighting<'t>> {
    let Some(resources) = document.get("Resources") else { return Vec::new() };
    let is_of = |resource: &Field<'t>| resource.get("Type").and_then(Field::text) == Some(kind);
    resources
        .entries()
        .filter(|(_, _, resource)| is_of(resource))
        .map(|(name, _, resource)| Sighting {
            name: Some(name),
            root: resource.get("Properties").unwrap_or(resource),
        })
        .collect()
}

/// The terraform resources of `kind`, such as `aws_ecs_service`: name and arguments. Blocks inside
/// of them may be mappings or lists of mappings: see [`blocks`].
pub(super) fn terraform<'t>(document: Field<'t>, kind: &str) -> Vec<Sighting<'t>> {
    let mut all = Vec::new();
    if let Some(resources) = document.get("resource") {
        for block in resources.items().filter(|block| block.label(0) == Some(kind)) {
            all.push(Sighting { name: block.label(1), root: block });
        }
        for (name, _, resource) in resources.get(kind).iter().flat_map(|of| of.entries()) {
            all.extend(one_or_many(resource).map(|root| Sighting { name: Some(name), root }));
        }
    }
    let values = document.get("planned_values").or_else(|| document.get("values"));
    let mut modules: Vec<_> =
        values.and_then(|values| values.get("root_module")).into_iter().collect();
    while let Some(module) = modules.pop() {
        modules.extend(module.get("child_modules").into_iter().flat_map(Field::items));
        for resource in module.get("resources").into_iter().flat_map(Field::items) {
            let text = |key: &str| resource.get(key).and_then(Field::text);
            if text("type") == Some(kind)
                && let Some(root) = resource.get("values")
            {
                all.push(Sighting { name: text("name"), root });
            }
        }
    }
    all
}

/// The blocks called `name`, whether written as one mapping or as a list of them.
pub(super) fn blocks<'t>(parent: Field<'t>, name: &str) -> Vec<Field<'t>> {
    parent.get(name).into_iter().flat_map(one_or_many).collect()
}

fn one_or_many<'t>(field: Field<'t>) -> impl Iterator<Item = Field<'t>> {
    let alone = (field.kind() == Kind::Mapping).then_some(field);
    alone.into_iter().chain(field.items().filter(|item| item.kind() == Kind::Mapping))
}

#[cfg(test)]
mod tests {
    use super::super::hcl;
    use super::super::parse::documents;
    use super::*;

    fn check(found: Vec<Sighting<'_>>) {
        let count = |root: Field<'_>| root.get("count").map(|n| n.kind() == Kind::Integer(3));
        let counts: Vec<_> = found.iter().map(|one| (one.name, count(one.root))).collect();
        assert_eq!(counts, [(Some("web"), Some(true))]);
    }

    #[test]
    fn resources_are_found_in_every_form() {
        let yaml = "Resources:\n  web: {Type: \"A::B\", Properties: {count: 3}}\n  x: {Type: C}\n";
        let tree = documents(yaml, 0).next().unwrap().unwrap();
        check(cloudformation(tree.root(), "A::B"));
        for json in [
            "{\"resource\": {\"a_b\": {\"web\": {\"count\": 3}}, \"c\": {}}}",
            "{\"resource\": {\"a_b\": {\"web\": [{\"count\": 3}]}}}",
            "{\"planned_values\": {\"root_module\": {\"child_modules\": [{\"resources\": [\
             {\"type\": \"a_b\", \"name\": \"web\", \"values\": {\"count\": 3}}, \
             {\"type\": \"c\"}]}]}}}",
        ] {
            let tree = documents(json, 0).next().unwrap().unwrap();
            check(terraform(tree.root(), "a_b"));
        }
        let tree = hcl::document("resource \"a_b\" \"web\" {\n  count = 3\n}\n", 0).unwrap();
        check(terraform(tree.root(), "a_b"));
    }

    #[test]
    fn tags_are_the_functions_that_they_stand_for() {
        let short = "a: !Ref B\nc: !GetAtt d.e\nf: !Sub [\"x\", {y: !Ref z}]\n";
        let long =
            "a: {Ref: B}\nc: {\"Fn::GetAtt\": d.e}\nf: {\"Fn::Sub\": [\"x\", {y: {Ref: z}}]}\n";
        let flat = |text: &str| {
            let tree = documents(text, 0).next().unwrap().unwrap();
            let mut open = vec![tree.root()];
            let mut list = Vec::new();
            while let Some(field) = open.pop() {
                list.push(format!("{:?}", field.kind()));
                list.extend(field.entries().map(|(key, ..)| key.to_owned()));
                open.extend(field.entries().map(|(_, _, inner)| inner));
                open.extend(field.items());
            }
            list
        };
        assert_eq!(flat(short), flat(long));
    }
}
