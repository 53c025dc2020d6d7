//! Answers.

use super::Compiler;
use crate::declared::definition::{AnswerRules, Condition, ErrorPlan, Extract, IdPlan, PricePlan, RetryPlan};
use crate::declared::places::Path;
use crate::declared::schema::{ErrorRule, Feedback, IdRule, PriceRule, Response, Source, Used, When};

impl Compiler<'_> {
    pub(super) fn answer(&mut self, response: &Response, path: &Path) -> AnswerRules {
        if response.success.is_empty() {
            self.mistake(
                path,
                "nothing says when a message was taken",
                "add success = [{ status = [200] }], with what else must hold of the answer",
            );
        }
        if response.id.is_none() {
            self.mistake(
                path,
                "nothing says where the provider's id is",
                "add id = { json = \"/…\" }, { regex = \"(…)\" }, { header = \"…\" }, { use = \"ref\" } or { use = \"none\" }",
            );
        }
        let id = match &response.id {
            Some(IdRule::Use(rule)) => IdPlan::Use(rule.what),
            Some(IdRule::Source(source)) => IdPlan::Extract(self.source(source, &path.key("id"))),
            None => IdPlan::Use(Used::None),
        };
        let uses_code =
            response.error.iter().any(|rule| !rule.when.code.is_empty() || rule.when.code_re.is_some());
        if uses_code && response.code.is_none() {
            self.mistake(
                path,
                "rules ask for a code and nothing says where it is",
                "add code = { json = \"/…\" }",
            );
        }
        AnswerRules {
            success: self.conditions(&response.success, &path.key("success")),
            id,
            code: self.optional(response.code.as_ref(), &path.key("code")),
            segments: self.optional(response.segments.as_ref(), &path.key("segments")),
            price: response.price.as_ref().map(|price| self.price(price, &path.key("price"))),
            errors: self.errors(&response.error, &path.key("error")),
        }
    }

    pub(super) fn feedback_answer(&mut self, feedback: &Feedback, path: &Path) -> AnswerRules {
        let mut success = self.conditions(&feedback.success, &path.key("success"));
        if success.is_empty() {
            success.push(Condition { status: (200..300).collect(), ..Condition::default() });
        }
        AnswerRules {
            success,
            id: IdPlan::Use(Used::None),
            code: None,
            segments: None,
            price: None,
            errors: self.errors(&feedback.error, &path.key("error")),
        }
    }

    fn errors(&mut self, rules: &[ErrorRule], path: &Path) -> Vec<ErrorPlan> {
        rules
            .iter()
            .enumerate()
            .map(|(index, rule)| {
                let path = path.index(index);
                ErrorPlan {
                    when: self.condition(&rule.when, &path.key("when")),
                    class: rule.class,
                    retry_after: rule.retry_after.as_ref().map(|after| {
                        RetryPlan::of(after, |source| self.source(source, &path.key("retry_after")))
                    }),
                }
            })
            .collect()
    }

    fn conditions(&mut self, whens: &[When], path: &Path) -> Vec<Condition> {
        whens.iter().enumerate().map(|(index, when)| self.condition(when, &path.index(index))).collect()
    }

    fn condition(&mut self, when: &When, path: &Path) -> Condition {
        let says_nothing = when.status.is_empty()
            && when.json.is_empty()
            && when.code.is_empty()
            && when.code_re.is_none()
            && when.body_re.is_none();
        if says_nothing {
            self.mistake(path, "this holds of every answer", "add status, json, code, code_re or body_re");
        }
        if when.status.iter().any(|status| !(100..1000).contains(status)) {
            self.mistake(&path.key("status"), "there is no such status", "use 100 to 999");
        }
        for pointer in when.json.keys() {
            self.pointer(pointer, &path.key("json").key(pointer));
        }
        Condition {
            status: when.status.clone(),
            json: when.json.iter().map(|(pointer, words)| (pointer.clone(), words.clone())).collect(),
            code: when.code.clone(),
            code_re: when.code_re.as_ref().and_then(|regex| self.regex(regex, &path.key("code_re"))),
            body_re: when.body_re.as_ref().and_then(|regex| self.regex(regex, &path.key("body_re"))),
        }
    }

    pub(super) fn optional(&mut self, source: Option<&Source>, path: &Path) -> Option<Extract> {
        source.map(|source| self.source(source, path))
    }

    pub(super) fn source(&mut self, source: &Source, path: &Path) -> Extract {
        let pointers = source.json.as_ref().map(|pointers| pointers.each().to_vec()).unwrap_or_default();
        for pointer in &pointers {
            self.pointer(pointer, &path.key("json"));
        }
        if !pointers.is_empty() && source.header.is_some() {
            self.mistake(path, "a value cannot be in two places", "keep one of json and header");
        }
        if pointers.is_empty() && source.header.is_none() && source.regex.is_none() {
            self.mistake(path, "nothing says where the value is", "add json, header or regex");
        }
        let header = source.header.as_ref().and_then(|name| self.header_name(name, &path.key("header")));
        let regex = source.regex.as_ref().and_then(|regex| self.regex(regex, &path.key("regex")));
        if regex.as_ref().is_some_and(|regex| regex.captures_len() < 2) {
            self.mistake(&path.key("regex"), "the expression has no group", "put ( ) around the value");
        }
        Extract { pointers, header, regex }
    }

    pub(super) fn price(&mut self, price: &PriceRule, path: &Path) -> PricePlan {
        PricePlan {
            amount: self.source(&price.amount, &path.key("amount")),
            currency: self.optional(price.currency.as_ref(), &path.key("currency")),
            currency_is: price.currency_is.clone(),
        }
    }
}
