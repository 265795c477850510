namespace VariationalBoN.Testing.Checks;

/// <summary>
/// Tests a reward model of your own before training: whether each reward is finite, depends on prompt and completion alone, differs
/// between completions, and equals what a table holds.
/// </summary>
/// <remarks>
/// What the reward model throws is a failed check. Costs a handful of calls with all completions and up to 2
/// <see cref="RewardCheckOptions.SingleCalls"/> small ones. A failed check names what probably is wrong.
/// Stateless; as thread-safe as the reward model.
/// </remarks>
public static class RewardCheck
{
    private static readonly string[] s_others = ["repeated", "alone", "shuffled", "padding", "ranks", "variance", "ties", "table"];

    /// <summary>Runs all checks.</summary>
    /// <param name="reward">The reward model.</param>
    /// <param name="completions">At least two completions, best several of each of a few prompts,
    /// such as <c>reference.Sample(prompts, 8, seed: 0)</c>.</param>
    /// <param name="options">What to check and how strictly; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the reward model.</param>
    /// <returns>The report; throw it with <see cref="CheckReport.ThrowIfFailed"/> in a test.</returns>
    /// <exception cref="ArgumentException">There are fewer than two completions, or an option is out of range.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<CheckReport> RunAsync(
        IRewardModel reward,
        IReadOnlyList<Completion> completions,
        RewardCheckOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(reward);
        ArgumentNullException.ThrowIfNull(completions);
        options ??= new RewardCheckOptions();
        options.Validate();
        if (completions.Count < 2)
            throw new ArgumentException(
                $"There are {completions.Count} completions; give at least 2, best several of each of a few prompts.",
                nameof(completions)
            );

        var probe = new RewardProbe(reward, [.. completions], options, cancellationToken);
        var checks = new CheckList("the reward model", cancellationToken);
        bool usable =
            await checks.RunAsync("finite", () => RewardBatchChecks.FiniteAsync(probe)).ConfigureAwait(false) && probe.Rewards.Length > 0;
        if (!usable)
        {
            checks.Skip(s_others, "the reward model gave nothing to check with");
            return checks.Report(reward.Identity.ToString());
        }

        await checks.RunAsync("repeated", () => RewardBatchChecks.RepeatedAsync(probe)).ConfigureAwait(false);
        await checks.RunAsync("alone", () => RewardBatchChecks.AloneAsync(probe)).ConfigureAwait(false);
        await checks.RunAsync("shuffled", () => RewardBatchChecks.ShuffledAsync(probe)).ConfigureAwait(false);
        await checks.RunAsync("padding", () => RewardBatchChecks.PaddingAsync(probe)).ConfigureAwait(false);
        checks.Run("ranks", () => RewardSpreadChecks.Ranks(probe));
        checks.Run("variance", () => RewardSpreadChecks.Variance(probe));
        checks.Run("ties", () => RewardSpreadChecks.Ties(probe));
        await checks.RunAsync("table", () => RewardTableCheck.DriftAsync(probe)).ConfigureAwait(false);
        return checks.Report(reward.Identity.ToString());
    }
}
