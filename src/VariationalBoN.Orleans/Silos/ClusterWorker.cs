using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using VariationalBoN.Training;
using static TorchSharp.torch;

namespace VariationalBoN.Orleans;

/// <summary>What a silo draws, scores and trains with, on one device, and what a learner trains: made by the same code at each of them.
/// It belongs to the thread of its device from then on.</summary>
/// <remarks>Made by the function that
/// <see cref="SiloBuilderExtensions.AddVariationalBoN(global::Orleans.Hosting.ISiloBuilder, Func{IServiceProvider, ClusterWorker})"/> is
/// given, and by the learner for <see cref="WorkerCluster.CreateLearner"/>.</remarks>
/// <param name="scorer">The reference, which reference samples are drawn from, and the reward model.</param>
[Experimental(ExperimentalIds.Cluster)]
public sealed class ClusterWorker(Scorer scorer) : IDisposable
{
    /// <summary>The name of the loss that every worker has: <see cref="ScoreFunction"/> of the numbers <see cref="Targets"/>.</summary>
    internal const string ScoreFunctionLoss = "VariationalBoN.ScoreFunction";

    /// <summary>The name of its numbers.</summary>
    internal const string Targets = "targets";

    /// <summary>Creates a worker with a language model, whose trainable parameters are published.</summary>
    /// <param name="scorer">The reference and the reward model.</param>
    /// <param name="policy">pi_theta; <see cref="Parameters"/> are its
    /// <see cref="CausalLmPolicy.NamedParameters"/>, of LoRA the adapters alone.</param>
    public ClusterWorker(Scorer scorer, CausalLmPolicy policy)
        : this(scorer)
    {
        ArgumentNullException.ThrowIfNull(policy);
        (Policy, Parameters) = (policy, [.. policy.NamedParameters]);
    }

    /// <summary>The reference, which reference samples are drawn from, and the reward model.</summary>
    public Scorer Scorer { get; } = scorer ?? throw new ArgumentNullException(nameof(scorer));

    /// <summary>pi_theta, built as the learner builds its own; null where the silo draws reference samples alone.</summary>
    public IPolicy? Policy { get; init; }

    /// <summary>The parameters of <see cref="Policy"/> that a learner publishes, by name: the adapters of LoRA, or all weights.</summary>
    public ImmutableArray<(string Name, Parameter Value)> Parameters { get; init; } = [];

    /// <summary>Losses of your own whose gradients a learner asks for, by name, copied; that of
    /// <see cref="ClusterLearner.BackwardAsync(ClusterRollouts, double[], int, CancellationToken)"/> is there without.</summary>
    /// <exception cref="ArgumentException">One has the name of that loss, "VariationalBoN.ScoreFunction".</exception>
    public IReadOnlyDictionary<string, GradientLoss> Losses
    {
        get;
        init =>
            field = value.ContainsKey(ScoreFunctionLoss)
                ? throw new ArgumentException(
                    $"The name \"{ScoreFunctionLoss}\" is that of the loss which every worker has; give yours another one.",
                    nameof(value)
                )
                : value.ToImmutableDictionary(StringComparer.Ordinal);
    } = ImmutableDictionary<string, GradientLoss>.Empty;

    /// <summary>Identifies the code behind <see cref="Losses"/>, which must be the same at learner and
    /// worker: such as the version of your program or its commit. Workers with another are refused.</summary>
    /// <remarks>Set it when learner and workers are built separately from one source: builds on machines with different folders count
    /// as different. Values that a loss captures are not compared in either case; put them here, or send them as numbers.</remarks>
    /// <value>Null: the function of each loss, and the build (module version id) of the assembly that it is in.</value>
    public string? LossVersion { get; init; }

    /// <summary>The objects that are disposed of with this worker, in order, such as the models; the silo does so when it stops.</summary>
    public ImmutableArray<IDisposable> Owned { get; init; } = [];

    /// <summary>For each loss what is compared.</summary>
    internal ImmutableSortedDictionary<string, string> LossCodes =>
        Losses.ToImmutableSortedDictionary(loss => loss.Key, loss => LossVersion ?? CodeOf(loss.Value), StringComparer.Ordinal);

    /// <summary>The loss of a name; null where there is none.</summary>
    internal GradientLoss? LossOf(string name) => name == ScoreFunctionLoss ? ScoreFunctionOf : Losses.GetValueOrDefault(name);

    /// <summary>Disposes of what it owns.</summary>
    public void Dispose()
    {
        foreach (IDisposable owned in Owned)
            owned.Dispose();
    }

    private static Tensor ScoreFunctionOf(Tensor logProb, BatchPart part, IReadOnlyDictionary<string, double[]> numbers) =>
        ScoreFunction.Loss(logProb, part.Of(numbers[Targets]), part.Groups);

    private static string CodeOf(GradientLoss loss) =>
        $"{loss.Method.DeclaringType}.{loss.Method.Name}, build {loss.Method.Module.ModuleVersionId}";
}
