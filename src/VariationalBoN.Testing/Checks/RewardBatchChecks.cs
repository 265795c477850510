namespace VariationalBoN.Testing.Checks;

/// <summary>Checks of whether a reward depends on its completion alone. Stateless.</summary>
internal static class RewardBatchChecks
{
    private const string Padding =
        "padding counts: the attention mask is ignored, position ids count padding, or the score is read at the last position of the "
        + "batch instead of the last token of the text";

    public static async Task<CheckResult> FiniteAsync(RewardProbe probe)
    {
        double[] rewards = await probe.ScoreAsync(probe.Completions).ConfigureAwait(false);
        int first = Array.FindIndex(rewards, reward => !double.IsFinite(reward));
        if (first < 0)
        {
            probe.Rewards = rewards;
            probe.Measure();
        }

        string which =
            first < 0
                ? ""
                : FormattableString.Invariant(
                    $"; the first is {rewards[first]} for completion {first} of prompt \"{probe.Completions[first].Prompt}\""
                );
        return CheckResult.Of(
            "finite",
            rewards.Count(reward => !double.IsFinite(reward)) / (double)rewards.Length,
            0,
            $"share of {rewards.Length} rewards that are NaN or infinite{which}",
            "an empty or very long text, a division by its length, a logarithm of 0, or an overflow in half precision; throw for what "
                + "cannot be judged"
        );
    }

    public static async Task<CheckResult> RepeatedAsync(RewardProbe probe) =>
        probe.Compare(
            "repeated",
            All(probe),
            await probe.ScoreAsync(probe.Completions).ConfigureAwait(false),
            "between two equal calls",
            "dropout is active: call eval() on the reward model",
            "the judge samples its answer: set its temperature to 0, or average several answers",
            "it keeps state between calls"
        );

    public static async Task<CheckResult> AloneAsync(RewardProbe probe)
    {
        int[] subjects = probe.Subjects();
        double[] alone = new double[subjects.Length];
        for (int i = 0; i < subjects.Length; i++)
            alone[i] = (await probe.ScoreAsync([probe.Completions[subjects[i]]]).ConfigureAwait(false))[0];
        return probe.Compare(
            "alone",
            subjects,
            alone,
            "between a completion in the batch and alone",
            "rewards are normalised or ranked within the batch",
            "batch normalisation in training mode",
            Padding
        );
    }

    public static async Task<CheckResult> ShuffledAsync(RewardProbe probe)
    {
        int[] order =
        [
            .. All(probe)
                .OrderBy(i => new CounterRandom(new DrawSeed(probe.Options.Seed, DrawPurpose.Resampling), "shuffle", i).Uniform(0)),
        ];
        double[] shuffled = await probe.ScoreAsync([.. order.Select(i => probe.Completions[i])]).ConfigureAwait(false);
        double tolerance = probe.Options.Tolerance * probe.Spread;
        bool misplaced = shuffled.Order().Zip(probe.Rewards.Order()).All(pair => Math.Abs(pair.First - pair.Second) <= tolerance);
        return probe.Compare(
            "shuffled",
            order,
            shuffled,
            "between the batch in order and shuffled",
            misplaced
                ? "rewards come back in another order than the completions: the model sorts by length, or gathers answers as they arrive"
                : "a reward depends on the completions before it: state between completions, or few-shot context that grows"
        );
    }

    public static async Task<CheckResult> PaddingAsync(RewardProbe probe)
    {
        Completion longest = probe.Completions.MaxBy(PolicyProbe.Length)!;
        int[] subjects = [.. probe.Subjects().Where(i => PolicyProbe.Length(probe.Completions[i]) < PolicyProbe.Length(longest))];
        if (subjects.Length == 0)
            return CheckResult.Skip("padding", "all completions have one length; give completions of different lengths");
        double[] padded = new double[subjects.Length],
            alone = new double[subjects.Length];
        for (int i = 0; i < subjects.Length; i++)
        {
            Completion subject = probe.Completions[subjects[i]];
            alone[i] = (await probe.ScoreAsync([subject, subject]).ConfigureAwait(false))[0];
            padded[i] = (await probe.ScoreAsync([subject, longest]).ConfigureAwait(false))[0];
        }

        RewardComparison comparison = RewardComparison.Of([.. subjects.Select(i => probe.Completions[i])], alone, padded);
        return CheckResult.Of(
            "padding",
            comparison.Difference / probe.Spread,
            probe.Options.Tolerance,
            $"largest difference, in standard deviations of the rewards, between a completion beside itself and beside the longest "
                + $"one{comparison.Ranks}",
            Padding,
            "rewards are normalised or ranked within the batch: see \"alone\""
        );
    }

    private static int[] All(RewardProbe probe) => [.. Enumerable.Range(0, probe.Completions.Length)];
}
