using System.Collections.Immutable;

namespace VariationalBoN.Rewards;

/// <summary>A weighted sum of reward models, sum_i w_i r_i(x, y), that also reports each r_i by name.</summary>
/// <remarks>
/// The terms are asked at the same time. A completion for which one term fails has failed: no term is left out of a sum. Give each remote
/// term its own <see cref="RewardModelExtensions.WithRetry"/>, so that a failure of one does not ask the others again. Best-of-N uses the
/// ranks of the sum, so the weights matter only through their ratios. Thread-safe if its terms are.
/// </remarks>
public sealed class WeightedRewardModel : IRewardModel
{
    private readonly ImmutableArray<RewardTerm> _terms;

    /// <summary>Creates a weighted sum of reward models.</summary>
    /// <param name="terms">At least one term, each with a name of its own.</param>
    /// <exception cref="ArgumentException">There is no term, a name is blank or stands twice, or a weight is not finite.</exception>
    public WeightedRewardModel(params IEnumerable<RewardTerm> terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        _terms = [.. terms];
        var names = new HashSet<string>(StringComparer.Ordinal);
        var faults = new List<string>();
        foreach (RewardTerm term in _terms)
        {
            ArgumentNullException.ThrowIfNull(term.Model, nameof(terms));
            if (string.IsNullOrWhiteSpace(term.Name))
                faults.Add("a name is blank");
            else if (!names.Add(term.Name))
                faults.Add($"the name \"{term.Name}\" stands twice");
            if (!double.IsFinite(term.Weight))
                faults.Add(FormattableString.Invariant($"the weight of \"{term.Name}\" is {term.Weight}; it must be finite"));
        }

        if (_terms.IsEmpty)
            faults.Add("there is no term");
        if (faults.Count > 0)
            throw new ArgumentException($"The weighted reward is not usable: {string.Join("; ", faults)}.", nameof(terms));
        MaxBatchSize = _terms.Min(term => term.Model.MaxBatchSize);
    }

    /// <summary>All names, weights and identities, so that a change of any refuses an older table.</summary>
    public ModelIdentity Identity =>
        new(
            nameof(WeightedRewardModel),
            [
                .. _terms.SelectMany(term =>
                    new (string, IdentityValue)[] { ($"{term.Name}: weight", term.Weight), ($"{term.Name}: model", term.Model.Identity) }
                ),
            ]
        );

    /// <summary>The smallest <see cref="IRewardModel.MaxBatchSize"/> of the terms.</summary>
    public int MaxBatchSize { get; }

    /// <summary>Asks every term and adds up.</summary>
    /// <param name="completions">B completions.</param>
    /// <param name="cancellationToken">Stops every term.</param>
    /// <returns>The B sums as <see cref="RewardScores"/>:
    /// each term's unweighted reward under its name, the parts of a term as "term/part".</returns>
    /// <exception cref="RewardModelException">A term failed or returned the wrong number of rewards; the message names it.</exception>
    public async Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(completions);
        RewardScores[] scores = await Task.WhenAll(_terms.Select(term => AskAsync(term, completions, cancellationToken)))
            .ConfigureAwait(false);
        double[] sums = new double[completions.Count];
        var components = new List<KeyValuePair<string, ImmutableArray<double>>>();
        for (int t = 0; t < scores.Length; t++)
        {
            for (int i = 0; i < sums.Length; i++)
                sums[i] += _terms[t].Weight * scores[t][i];
            components.Add(new(_terms[t].Name, [.. scores[t]]));
            components.AddRange(scores[t].Components.Select(part => KeyValuePair.Create($"{_terms[t].Name}/{part.Key}", part.Value)));
        }

        return new RewardScores(sums, components);
    }

    private static async Task<RewardScores> AskAsync(
        RewardTerm term,
        IReadOnlyList<Completion> completions,
        CancellationToken cancellationToken
    )
    {
        try
        {
            RewardScores scores = await term.Model.ScoreAsync(completions, cancellationToken).ConfigureAwait(false);
            return scores?.Count == completions.Count
                ? scores
                : throw new InvalidOperationException($"It returned {scores?.Count ?? 0} rewards for {completions.Count} completions.");
        }
        catch (Exception e)
        {
            cancellationToken.ThrowIfCancellationRequested(); // some clients tell it by an exception of their own
            throw new RewardModelException($"Its component \"{term.Name}\" ({term.Model.Identity.Name}) failed: {e.Message}", e);
        }
    }
}
