using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;

namespace VariationalBoN.Orleans;

/// <summary>What a silo draws, scores and trains with, on one device. It belongs to the thread of that device from then on.</summary>
/// <remarks>Made by the function that
/// <see cref="SiloBuilderExtensions.AddVariationalBoN(global::Orleans.Hosting.ISiloBuilder, Func{IServiceProvider, ClusterWorker})"/> is
/// given.</remarks>
/// <param name="scorer">The reference, which reference samples are drawn from, and the reward model.</param>
[Experimental(ExperimentalIds.Cluster)]
public sealed class ClusterWorker(Scorer scorer)
{
    /// <summary>The reference, which reference samples are drawn from, and the reward model.</summary>
    public Scorer Scorer { get; } = scorer ?? throw new ArgumentNullException(nameof(scorer));

    /// <summary>pi_theta, built as the learner builds its own; null where the silo draws reference samples alone.</summary>
    public IPolicy? Policy { get; init; }

    /// <summary>The parameters of <see cref="Policy"/> that a learner publishes, by name: the adapters of LoRA, or all weights.</summary>
    /// <remarks><c>network.named_parameters().Where(pair => pair.parameter.requires_grad)</c>, at learner and worker alike.</remarks>
    public ImmutableArray<(string Name, Parameter Value)> Parameters { get; init; } = [];

    /// <summary>The losses whose gradients a learner may ask for, by name.</summary>
    public ImmutableDictionary<string, GradientLoss> Losses { get; init; } = ImmutableDictionary<string, GradientLoss>.Empty;

    /// <summary>What is disposed of, in order, when the silo stops, such as the models.</summary>
    public ImmutableArray<IDisposable> Owned { get; init; } = [];
}
