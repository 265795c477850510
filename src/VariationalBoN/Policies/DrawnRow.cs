namespace VariationalBoN.Policies;

/// <summary>A completion that is being drawn.</summary>
internal sealed class DrawnRow(PlannedRow plan, int expected)
{
    internal PlannedRow Plan => plan;

    /// <summary>What was drawn so far.</summary>
    internal List<int> Tokens { get; } = new(expected);

    /// <summary>Whether it has ended. It may stay among the rows for a while.</summary>
    internal bool IsDone { get; set; }

    /// <summary>The tokens that the model was given after the prompt.</summary>
    internal int Read { get; set; }
}
