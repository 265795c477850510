namespace VariationalBoN.Testing.Checks;

/// <summary>Checks of whether rewards tell completions apart. Stateless.</summary>
internal static class RewardSpreadChecks
{
    private const string Truncated =
        "the score is read at the wrong position, such as the first padding when padding is the end-of-text token, so that all texts look "
        + "alike";

    public static CheckResult Ranks(RewardProbe probe) =>
        probe.All.Pairs == 0
            ? CheckResult.Skip("ranks", "no prompt has two completions, so nothing is ranked")
            : CheckResult.Of(
                "ranks",
                probe.All.RankChange,
                probe.Options.RankTolerance,
                "share of pairs of one prompt whose order changed in the scorings above; Best-of-N reads ranks alone",
                "rewards move by more than they differ: see the checks that failed above",
                "ties are broken by rounding: round the rewards"
            );

    public static CheckResult Variance(RewardProbe probe)
    {
        List<double[]> prompts = [.. Texts(probe).Where(prompt => prompt.Length > 1)];
        if (prompts.Count == 0)
            return CheckResult.Skip("variance", "no prompt has two different texts");
        int zero = prompts.Count(prompt => prompt.All(reward => reward == prompt[0]));
        bool byPrompt = zero == prompts.Count && probe.Rewards.Distinct().Count() > 1;
        return CheckResult.Of(
            "variance",
            zero / (double)prompts.Count,
            probe.Options.ZeroVarianceTolerance,
            $"share of {prompts.Count} prompts whose different texts all have one reward: Best-of-N does nothing there",
            byPrompt
                ? ["the reward reads the prompt alone", Truncated]
                : [Truncated, "the reward saturates, or is a constant that stands for a failure"]
        );
    }

    public static CheckResult Ties(RewardProbe probe)
    {
        long pairs = 0,
            ties = 0;
        foreach (double[] rewards in Texts(probe))
        {
            pairs += (long)rewards.Length * (rewards.Length - 1) / 2;
            ties += rewards.GroupBy(reward => reward).Sum(group => (long)group.Count() * (group.Count() - 1) / 2);
        }

        return pairs == 0
            ? CheckResult.Skip("ties", "no prompt has two different texts")
            : CheckResult.Of(
                "ties",
                ties / (double)pairs,
                probe.Options.TieTolerance,
                $"share of {pairs} pairs of different texts of one prompt with equal rewards",
                Truncated,
                "the reward has few values, or most completions get the same one"
            );
    }

    /// <summary>For each prompt the reward of each different text.</summary>
    private static IEnumerable<double[]> Texts(RewardProbe probe) =>
        probe
            .Completions.Zip(probe.Rewards)
            .GroupBy(pair => pair.First.Prompt)
            .Select(group => group.DistinctBy(pair => (pair.First.Text, pair.First.FinishReason)).Select(pair => pair.Second).ToArray());
}
