using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>
/// A reward model behind HTTP that is asked by a fresh client of the factory each time,
/// so that its handlers are renewed as the factory does. Thread-safe.
/// </summary>
internal sealed class HttpClientRewardModel(IHttpClientFactory factory, HttpRewardModelOptions options) : IRewardModel
{
    /// <inheritdoc/>
    public ModelIdentity Identity => options.Identity;

    /// <inheritdoc/>
    public int MaxBatchSize => options.MaxBatchSize;

    /// <inheritdoc/>
    public async Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
    {
        using HttpClient client = factory.CreateClient(VariationalBoNOptions.RewardClientName);
        return await new HttpRewardModel(client, options).ScoreAsync(completions, cancellationToken).ConfigureAwait(false);
    }
}
