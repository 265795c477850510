using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>What the servers of a sampler draw from, where there is no copy of it here. As thread-safe as the sampler.</summary>
internal sealed class ServedPolicy(PoolSampler sampler, ModelIdentity identity) : IPolicy
{
    private readonly ConditionalWeakTable<Completion, StrongBox<double>> _logProbs = [];

    public ModelIdentity Identity => identity;

    public bool IsTrainable => false;

    /// <summary>Keeps what a server says of a completion, as long as that lives.</summary>
    public void Remember(Completion completion, double logProb) => _logProbs.AddOrUpdate(completion, new StrongBox<double>(logProb));

    public IReadOnlyList<Completion> Sample(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    ) =>
        Task.Run(() => sampler.SampleAsync(prompts, completionsPerPrompt, seed, cancellationToken), cancellationToken)
            .GetAwaiter()
            .GetResult();

    /// <exception cref="ArgumentException">A completion was not drawn by the sampler.</exception>
    public Tensor LogProb(IReadOnlyList<Completion> completions)
    {
        ArgumentNullException.ThrowIfNull(completions);
        double[] values = new double[completions.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = _logProbs.TryGetValue(completions[i], out StrongBox<double>? value)
                ? value.Value
                : throw new ArgumentException(
                    $"Completion {i} was not drawn by this pool, so that its log-probability is not known. To score completions of "
                        + "another policy, give a LocalCopy.",
                    nameof(completions)
                );
        }

        TorchRuntime.Require();
        return tensor(values);
    }
}
