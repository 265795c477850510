using System.Collections.Immutable;

namespace VariationalBoN.Testing.Checks;

/// <summary>What a self-check found: one result for each check, with numbers and likely causes. Immutable, thread-safe.</summary>
public sealed record CheckReport
{
    /// <summary>What was checked: the identity of the policy or reward model.</summary>
    public required string Subject { get; init; }

    /// <summary>The results in the order in which the checks ran.</summary>
    public required ImmutableArray<CheckResult> Results { get; init; }

    /// <summary>Whether no check failed; skipped checks do not count.</summary>
    public bool Passed => Results.All(result => result.Status != CheckStatus.Failed);

    /// <summary>The result of one check.</summary>
    /// <param name="name">Its <see cref="CheckResult.Name"/>.</param>
    /// <exception cref="KeyNotFoundException">There is no check of that name; the message lists those there are.</exception>
    public CheckResult this[string name] =>
        Results.FirstOrDefault(result => result.Name == name)
        ?? throw new KeyNotFoundException(
            $"There is no check \"{name}\" in this report; it holds {string.Join(", ", Results.Select(result => $"\"{result.Name}\""))}."
        );

    /// <summary>For tests: does nothing when no check failed.</summary>
    /// <exception cref="CheckFailedException">A check failed; the message is the report.</exception>
    public void ThrowIfFailed()
    {
        if (!Passed)
            throw new CheckFailedException(this);
    }

    /// <summary>The report as plain text: a line for each check, causes below those that failed.</summary>
    public override string ToString() => CheckReportText.Plain(this);

    /// <summary>The report as a Markdown table, without a heading.</summary>
    /// <returns>Markdown.</returns>
    public string ToMarkdown() => CheckReportText.Markdown(this);
}
