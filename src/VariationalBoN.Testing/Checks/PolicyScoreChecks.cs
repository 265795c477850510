namespace VariationalBoN.Testing.Checks;

/// <summary>Checks of what LogProb returns and of what it depends on. Stateless.</summary>
internal static class PolicyScoreChecks
{
    public static CheckResult Range(PolicyProbe probe)
    {
        probe.Score();
        double[] values = probe.LogProbs;
        double tolerance = probe.Options.Tolerance;
        int wrong = values.Count(value => !(value <= tolerance && value > double.NegativeInfinity));
        string worst =
            wrong == 0
                ? ""
                : FormattableString.Invariant(
                    $", such as {values.First(value => !(value <= tolerance && value > double.NegativeInfinity))}"
                );
        var causes = new List<string>();
        if (values.Any(double.IsNaN))
            causes.Add("NaN: the weights have diverged, or a softmax over nothing but masked positions");
        if (values.Any(double.IsNegativeInfinity))
            causes.Add("-infinity for a completion that was drawn: Sample draws what LogProb excludes (other top-k, top-p or mask)");
        if (values.Any(value => value > tolerance))
            causes.Add("above 0: logits are summed without log_softmax, or a density is returned instead of a probability");
        return CheckResult.Of(
            "log-prob: range",
            wrong / (double)values.Length,
            0,
            $"share of log-probs that are not finite and at most 0{worst}",
            causes
        );
    }

    public static CheckResult Repeated(PolicyProbe probe) =>
        Compare(
            probe,
            "log-prob: repeated",
            probe.LogProbs,
            probe.Policy.LogProbValues(probe.Drawn),
            "between two equal calls",
            "dropout is active: call eval() on the module, or drop a dropout that ignores the mode"
        );

    /// <summary>One completion alone and twice in a batch: no padding, a larger batch.</summary>
    public static CheckResult Batch(PolicyProbe probe)
    {
        int[] subjects = probe.Subjects();
        double[] alone = [.. subjects.Select(i => probe.Policy.LogProbValues([probe.Drawn[i]])[0])];
        double[] beside = [.. subjects.Select(i => probe.Policy.LogProbValues([probe.Drawn[i], probe.Drawn[i], probe.Drawn[i]])[1])];
        return Compare(
            probe,
            "log-prob: batch",
            alone,
            beside,
            "of a completion alone and beside copies of itself",
            "log-probs change with the batch: batch normalisation, statistics over rows, or a cache shared among rows"
        );
    }

    public static CheckResult Padding(PolicyProbe probe)
    {
        Completion longest = probe.Drawn.MaxBy(PolicyProbe.Length)!;
        int[] subjects = [.. probe.Subjects().Where(i => PolicyProbe.Length(probe.Drawn[i]) < PolicyProbe.Length(longest))];
        if (subjects.Length == 0)
            return CheckResult.Skip(
                "log-prob: padding",
                "all prompts with their completions have one length; give prompts of different lengths"
            );
        double[] alone = [.. subjects.Select(i => probe.Policy.LogProbValues([probe.Drawn[i]])[0])];
        double[] padded = [.. subjects.Select(i => probe.Policy.LogProbValues([probe.Drawn[i], longest])[0])];
        return Compare(
            probe,
            "log-prob: padding",
            alone,
            padded,
            "of a completion alone and beside the longest one",
            "log-probs change with padding: position ids ignore the mask, so padded rows start at another position",
            "padding is attended to: there is no mask, or it is not causal",
            "log-probs of padding positions are summed: take masks from lengths"
        );
    }

    public static CheckResult Order(PolicyProbe probe)
    {
        double[] reversed = [.. probe.Policy.LogProbValues([.. probe.Drawn.Reverse()]).Reverse()];
        int[] shuffle =
        [
            .. Enumerable
                .Range(0, probe.Drawn.Count)
                .OrderBy(i => new CounterRandom(new DrawSeed(probe.Options.Seed, DrawPurpose.Resampling), "order", i).Uniform(0)),
        ];
        double[] shuffled = probe.Policy.LogProbValues([.. shuffle.Select(i => probe.Drawn[i])]);
        double[] expected = [.. probe.LogProbs, .. shuffle.Select(i => probe.LogProbs[i])],
            actual = [.. reversed, .. shuffled];
        bool misplaced = PolicyProbe.Largest(expected.Order(), actual.Order()) <= probe.Options.Tolerance;
        return Compare(
            probe,
            "log-prob: order",
            expected,
            actual,
            "of all completions in order, reversed and shuffled",
            misplaced
                ? "values come back in another order than the completions, such as sorted by length"
                : "log-probs change with the batch or its padding: see \"log-prob: batch\" and \"log-prob: padding\""
        );
    }

    public static CheckResult Reference(PolicyProbe probe) =>
        probe.Options.Reference is not IPolicy reference
            ? CheckResult.Skip("log-prob: reference copy", "no reference copy was given (PolicyCheckOptions.Reference)")
            : Compare(
                probe,
                "log-prob: reference copy",
                probe.LogProbs,
                reference.LogProbValues(probe.Drawn),
                "of the policy and its reference copy: the log-ratio, 0 before training",
                "the reference is no copy: other weights, temperature, adapter or precision",
                "one of the two has dropout active, or pads another way: see the checks above"
            );

    private static CheckResult Compare(PolicyProbe probe, string name, double[] one, double[] other, string what, params string[] causes) =>
        CheckResult.Of(name, PolicyProbe.Largest(one, other), probe.Options.Tolerance, $"largest difference in nats {what}", causes);
}
