namespace VariationalBoN.Testing.Checks;

/// <summary>
/// Tests a policy of your own before training: whether Sample and LogProb use one distribution,
/// whatever the batch, the padding and the cache, as <see cref="IPolicy"/> requires.
/// </summary>
/// <remarks>
/// Changes nothing of the policy. What the policy throws is a failed check.
/// A failed check names what probably is wrong. Stateless; as thread-safe as the policy.
/// </remarks>
public static class PolicyCheck
{
    /// <summary>Runs all checks.</summary>
    /// <param name="policy">The policy, as it is used: in evaluation mode.</param>
    /// <param name="prompts">At least one prompt; some of different lengths, so that batches are padded.
    /// A prompt that stands twice counts once.</param>
    /// <param name="options">What to check and how strictly; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between checks and in the policy.</param>
    /// <returns>The report; throw it with <see cref="CheckReport.ThrowIfFailed"/> in a test.</returns>
    /// <exception cref="ArgumentException">There is no prompt, or an option is out of range.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static CheckReport Run(
        IPolicy policy,
        IReadOnlyList<Prompt> prompts,
        PolicyCheckOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(prompts);
        options ??= new PolicyCheckOptions();
        options.Validate();
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to check the policy on; give some of different lengths.", nameof(prompts));

        var probe = new PolicyProbe(policy, [.. prompts.Distinct()], options, cancellationToken);
        var checks = new CheckList("the policy", cancellationToken);
        string subject = policy.GetType().Name;
        checks.Run("identity", () => PolicyDrawChecks.Identity(policy, out subject));
        (string Name, Func<PolicyProbe, CheckResult> Check)[] ofDraws =
        [
            ("sample: same seed", PolicyDrawChecks.SameSeed),
            ("sample: other seeds and purposes", PolicyDrawChecks.OtherSeeds),
            ("sample: batch", PolicyDrawChecks.Batch),
            ("sample: numbering", PolicyDrawChecks.Numbering),
            ("sample: finish reason", PolicyFinishChecks.FinishReasons),
            ("prompts: special tokens", CausalLmChecks.SpecialTokens),
        ];
        (string Name, Func<PolicyProbe, CheckResult> Check)[] ofScores =
        [
            ("log-prob: repeated", PolicyScoreChecks.Repeated),
            ("log-prob: batch", PolicyScoreChecks.Batch),
            ("log-prob: padding", PolicyScoreChecks.Padding),
            ("log-prob: order", PolicyScoreChecks.Order),
            ("log-prob: reference copy", PolicyScoreChecks.Reference),
            ("log-prob: sums to one", PolicyEnumeration.SumsToOne),
            ("chunks", CausalLmChecks.Chunks),
            ("cache", CausalLmChecks.Cache),
        ];

        bool drawn = checks.Run("sample: count and order", () => PolicyDrawChecks.CountAndOrder(probe)) && probe.Drawn.Count > 0;
        string[] scoreNames = [.. ofScores.Select(check => check.Name), "frequencies", "temperature"];
        if (!drawn)
        {
            checks.Skip([.. ofDraws.Select(check => check.Name), "log-prob: range", .. scoreNames], "Sample gave nothing to check with");
            return checks.Report(subject);
        }

        foreach ((string name, Func<PolicyProbe, CheckResult> check) in ofDraws)
            checks.Run(name, () => check(probe));
        if (!checks.Run("log-prob: range", () => PolicyScoreChecks.Range(probe)))
        {
            checks.Skip(scoreNames, "LogProb gave nothing to check with");
            return checks.Report(subject);
        }

        foreach ((string name, Func<PolicyProbe, CheckResult> check) in ofScores)
            checks.Run(name, () => check(probe));
        OutcomeCounts? counts = null;
        if (checks.Run("frequencies", () => FrequencyChecks.Frequencies(counts = OutcomeCounts.Draw(probe), options)))
            checks.Run("temperature", () => FrequencyChecks.Temperature(counts!, options));
        else
            checks.Skip(["temperature"], "there are no frequencies to read it from");
        return checks.Report(subject);
    }
}
