using TorchSharp;
using VariationalBoN;
using VariationalBoN.Torch;

namespace AlignHuggingFace;

/// <summary>The objective meets log pi_theta: by doubles on the host, or by tensors on the policy's device.</summary>
internal sealed class Targets : IDisposable
{
    private readonly ExactObjective _objective;
    private readonly TorchTargets? _torch;

    private Targets(ExactObjective objective, TorchTargets? torchTargets, string description) =>
        (_objective, _torch, Description) = (objective, torchTargets, description);

    /// <summary>Where targets are computed, in a line.</summary>
    public string Description { get; }

    /// <summary>What a run that goes on must have in common with the one before: the two backends round differently.</summary>
    public static string Name(TargetBackend backend, torch.Device device) =>
        backend == TargetBackend.Torch || (backend == TargetBackend.Auto && device.type != DeviceType.CPU) ? "torch" : "double";

    /// <summary>The backend that was chosen.</summary>
    public static Targets Of(ExactObjective objective, TargetBackend backend, torch.Device device) =>
        Name(backend, device) == "torch"
            ? new Targets(objective, new TorchTargets(objective, device), $"targets: tensors on {device}")
            : new Targets(objective, null, "targets: doubles on the host");

    /// <summary>The loss of a batch, with a baseline per prompt.</summary>
    /// <param name="logProb">log pi_theta, [B].</param>
    /// <param name="scored">The batch.</param>
    public torch.Tensor Loss(torch.Tensor logProb, ScoredBatch scored) =>
        _torch is null
            ? ScoreFunction.Loss(logProb, _objective.LogTargets(scored), scored.Groups)
            : ScoreFunction.Loss(logProb, _torch.LogTargets(scored), scored.Groups);

    public void Dispose() => _torch?.Dispose();
}
