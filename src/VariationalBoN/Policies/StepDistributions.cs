namespace VariationalBoN.Policies;

/// <summary>What makes the distribution over the steps of some rows.</summary>
/// <param name="Create">Told the prompts of the rows, each once and in their order, and their tokens.</param>
/// <param name="HaveState">Whether what it makes keeps something of each row, so that rows that come later cannot stand beside those that
/// are there: then it is asked for one batch at a time.</param>
internal sealed record StepDistributions(
    Func<IReadOnlyList<Prompt>, IReadOnlyList<IReadOnlyList<int>>, StepDistribution> Create,
    bool HaveState
);
