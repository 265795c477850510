using static TorchSharp.torch;

namespace VariationalBoN.Tests.Policies;

/// <summary>A policy of which one thing is changed, to see who notices.</summary>
internal sealed class AlteredPolicy(IPolicy inner) : IPolicy
{
    public ModelIdentity Identity => Identify();

    public bool IsTrainable => false;

    public Func<ModelIdentity> Identify { get; init; } = () => "altered";

    public Func<IReadOnlyList<Prompt>, int, DrawSeed, IReadOnlyList<Completion>>? Draw { get; init; }

    public Func<IReadOnlyList<Completion>, double[]>? Values { get; init; }

    public IReadOnlyList<Completion> Sample(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    ) => Draw?.Invoke(prompts, completionsPerPrompt, seed) ?? inner.Sample(prompts, completionsPerPrompt, seed, cancellationToken);

    public Tensor LogProb(IReadOnlyList<Completion> completions) =>
        Values is null ? inner.LogProb(completions) : tensor(Values(completions), float64);
}
