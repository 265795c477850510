namespace VariationalBoN.Orleans.Internal;

/// <summary>What a worker draws and scores with, as its silo says. Immutable.</summary>
[GenerateSerializer, Immutable, Alias("VariationalBoN.WorkerDescription")]
internal sealed record WorkerDescription
{
    /// <summary>The name of the silo.</summary>
    [Id(0)]
    public required string Silo { get; init; }

    /// <summary>The name of the machine.</summary>
    [Id(1)]
    public required string Machine { get; init; }

    /// <summary>The number of the process.</summary>
    [Id(2)]
    public required int Process { get; init; }

    /// <summary>Devices, each of which draws one block at a time.</summary>
    [Id(3)]
    public required int Devices { get; init; }

    /// <summary>The version of this library.</summary>
    [Id(4)]
    public required string Library { get; init; }

    /// <summary>What bits depend on beside models and settings: <see cref="TorchRuntime.Execution"/>.</summary>
    [Id(13)]
    public required string Execution { get; init; }

    /// <summary>The identity of the reference.</summary>
    [Id(5)]
    public required string Reference { get; init; }

    /// <summary>The identity of the reward model.</summary>
    [Id(6)]
    public required string RewardModel { get; init; }

    /// <summary>The identity of the way of scoring.</summary>
    [Id(7)]
    public required string Scoring { get; init; }

    /// <summary>The identity of the policy as it was made; null when there is none.</summary>
    [Id(8)]
    public string? Policy { get; init; }

    /// <summary>Names, element types and shapes of the parameters that a learner publishes.</summary>
    [Id(9)]
    public required string Parameters { get; init; }

    /// <summary>The losses that were registered: what tells their code (<c>ClusterWorker.LossVersion</c>) by name.</summary>
    [Id(10)]
    public required Dictionary<string, string> Losses { get; init; }

    /// <summary>Where published weights are kept: equal for workers that share files.</summary>
    [Id(11)]
    public required string WeightsFolder { get; init; }

    /// <summary>The longest message body that the silo takes.</summary>
    [Id(12)]
    public required int MostMessageBytes { get; init; }

    /// <summary>What people know it by.</summary>
    public string Name => $"{Silo} (process {Process} on {Machine})";

    /// <summary>What scored completions of it come from.</summary>
    public ScoringIdentity Origin => new(ModelIdentity.Parse(Reference), ModelIdentity.Parse(RewardModel), ModelIdentity.Parse(Scoring));
}
