using VariationalBoN.Policies;

namespace VariationalBoN.Testing.Checks;

/// <summary>The sum of all probabilities, where all completions can be listed. Stateless.</summary>
internal static class PolicyEnumeration
{
    private const string Name = "log-prob: sums to one";

    public static CheckResult SumsToOne(PolicyProbe probe)
    {
        PolicyCheckOptions options = probe.Options;
        double worst = 0,
            sum = 1;
        int count = 0;
        string cut = "";
        foreach (Prompt prompt in probe.Prompts.Take(options.FrequencyPrompts))
        {
            IReadOnlyList<Completion>? all;
            switch (probe.Policy)
            {
                case var _ when options.Enumerate is { } list:
                    all = list(prompt);
                    break;
                case TabularPolicy tabular:
                    all = OfTable(tabular, prompt, options.MaxEnumeration);
                    break;
                case CausalLmPolicy causal:
                    all = OfModel(
                        causal,
                        probe.Drawn.First(completion => completion.Prompt == prompt),
                        options.MaxEnumeration,
                        out int length
                    );
                    cut = length < causal.Options.MaxNewTokens ? $", cut at {length} tokens" : "";
                    break;
                default:
                    return CheckResult.Skip(
                        Name,
                        "the completions of this policy cannot be listed; give PolicyCheckOptions.Enumerate for a small policy of this kind"
                    );
            }

            if (all is null || all.Count > options.MaxEnumeration)
                return CheckResult.Skip(
                    Name,
                    $"there are more than {options.MaxEnumeration} completions of prompt \"{prompt}\" (PolicyCheckOptions.MaxEnumeration)"
                );
            double total = probe.LogProbOf(all).Sum(Math.Exp);
            count += all.Count;
            if (!(Math.Abs(total - 1) <= worst))
                (worst, sum) = (Math.Abs(total - 1), total);
        }

        return CheckResult.Of(
            Name,
            worst,
            options.Tolerance,
            FormattableString.Invariant($"distance from 1 of the sum of all probabilities, {sum:0.####}; {count} completions{cut}"),
            sum > 1
                ? "a factor is left out, such as the stop token, or log-probs are averaged over tokens instead of summed"
                : "probability is lost: logits are masked after the softmax, or the prompt's own probability is counted"
        );
    }

    private static List<Completion>? OfTable(TabularPolicy policy, Prompt prompt, int most)
    {
        if (Math.Pow(policy.VocabularySize, policy.Length) > most)
            return null;
        var shape = new TabularShape(policy.VocabularySize, policy.Length);
        return [.. Enumerable.Range(0, shape.Sequences).Select(sequence => TabularPolicy.CompletionOf(prompt, shape.Tokens(sequence)))];
    }

    /// <summary>All completions up to the greatest length, at most the policy's, at which there are not too many:
    /// any prefix-closed set of ends sums to 1.</summary>
    private static List<Completion>? OfModel(CausalLmPolicy policy, Completion drawn, int most, out int length)
    {
        List<int[]> open =

            [
                [],
            ],
            ended = [];
        for (length = 0; length < policy.Options.MaxNewTokens && ended.Count + ((long)open.Count * policy.VocabularySize) <= most; length++)
        {
            ILookup<bool, int[]> longer = open.SelectMany(tokens =>
                    Enumerable.Range(0, policy.VocabularySize).Select(token => (int[])[.. tokens, token])
                )
                .ToLookup(tokens => policy.Options.StopTokens.Contains(tokens[^1]));
            ended.AddRange(longer[true]);
            open = [.. longer[false]];
        }

        return length == 0 ? null : [.. ended.Concat(open).Select(tokens => drawn with { Tokens = [.. tokens] })];
    }
}
