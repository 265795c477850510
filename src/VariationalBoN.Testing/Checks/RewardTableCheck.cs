using MathNet.Numerics.Statistics;
using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Testing.Checks;

/// <summary>Whether reference samples still get the rewards that the table holds. Stateless.</summary>
internal static class RewardTableCheck
{
    private const string Name = "table";

    public static async Task<CheckResult> DriftAsync(RewardProbe probe)
    {
        if (probe.Options.Table is not ReferenceTable table)
            return CheckResult.Skip(Name, "no reference table was given (RewardCheckOptions.Table)");
        (Completion Completion, double Reward)[] all = [.. table.Prompts.SelectMany(Samples)];
        if (all.Length == 0)
            return CheckResult.Skip(Name, "the reference table holds rewards without texts, so nothing can be scored again");
        int count = Math.Min(probe.Options.RescoredSamples, all.Length);
        (Completion Completion, double Reward)[] some =
        [
            .. Enumerable.Range(0, count).Select(i => all[(int)((long)i * all.Length / count)]),
        ];
        IReadOnlyList<double?> live = await probe.ScoreCheckedAsync([.. some.Select(sample => sample.Completion)]).ConfigureAwait(false);
        int[] kept = [.. Enumerable.Range(0, count).Where(i => live[i] is not null)];
        double[] then = [.. kept.Select(i => some[i].Reward)],
            now = [.. kept.Select(i => live[i]!.Value)];
        if (kept.Length == 0)
            return CheckResult.Skip(Name, "all samples are excluded by RewardCheckOptions.Scoring");
        double spread = all.Length > 1 ? all.Select(sample => sample.Reward).PopulationStandardDeviation() : 0;
        if (!(spread > 0))
            spread = probe.Spread;
        RewardComparison comparison = RewardComparison.Of([.. kept.Select(i => some[i].Completion)], then, now);
        return CheckResult.Of(
            Name,
            comparison.Difference / spread,
            probe.Options.Tolerance,
            $"largest difference, in standard deviations of the table, between {kept.Length} rewards of the table and the same samples "
                + $"scored now{comparison.Ranks}",
            Causes(probe, table.Provenance, then, now, probe.Options.Tolerance * spread)
        );
    }

    private static IEnumerable<string> Causes(
        RewardProbe probe,
        ReferenceProvenance? provenance,
        double[] then,
        double[] now,
        double tolerance
    )
    {
        ModelIdentity scoring = (probe.Options.Scoring ?? new ScoringOptions()).Identity;
        if (provenance is not null && provenance.Origin.RewardModel != probe.Reward.Identity)
            yield return $"another reward model: the table was made with \"{provenance.Origin.RewardModel}\", this is "
                + $"\"{probe.Reward.Identity}\"";
        if (provenance is not null && provenance.Origin.Scoring != scoring)
            yield return $"scored otherwise: the table with \"{provenance.Origin.Scoring}\", here \"{scoring}\" "
                + $"(RewardCheckOptions.Scoring)";
        double[] shifts = [.. now.Zip(then, (a, b) => a - b)];
        if (shifts.Max() - shifts.Min() <= tolerance)
            yield return FormattableString.Invariant(
                $"all rewards moved by {shifts.Average():G3}: an offset or a penalty was added or removed"
            );
        else if (shifts.Count(shift => Math.Abs(shift) > tolerance) is var moved && moved < shifts.Length)
            yield return $"{moved} of {shifts.Length} moved, the others did not: some texts reach the reward model in another form, such "
                + $"as with or without an end-of-text string or a template";
        yield return "the reward model changed without its Identity, or texts of the table and live ones are formatted differently";
    }

    private static IEnumerable<(Completion Completion, double Reward)> Samples(ReferencePrompt prompt) =>
        prompt.Samples.IsEmpty
            ? prompt.Responses.Zip(prompt.Rewards, (text, reward) => (new Completion { Prompt = prompt.Prompt, Text = text }, reward))
            : prompt.Samples.Select(sample => (sample.Completion, sample.Reward));
}
