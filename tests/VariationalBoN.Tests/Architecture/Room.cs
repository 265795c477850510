namespace VariationalBoN.Tests.Architecture;

/// <summary>A namespace of the library and what it may touch; the table of docs/architecture.md.</summary>
/// <param name="Name">The last part of the namespace, empty for the root.</param>
/// <param name="MayUse">The rooms it may use besides itself and the root.</param>
/// <param name="Tensors">Whether a tensor type may stand anywhere in it.</param>
/// <param name="Async">Whether a public member may return a task.</param>
internal sealed record Room(string Name, string[] MayUse, bool Tensors, bool Async)
{
    public static readonly Room[] All =
    [
        new("", [], Tensors: false, Async: false),
        new("Internal", [], Tensors: true, Async: false),
        new("Numerics", [], Tensors: false, Async: false),
        new("Rewards", [], Tensors: false, Async: true),
        new("Policies", [], Tensors: true, Async: false),
        new("Models", ["Policies", "Rewards"], Tensors: true, Async: false),
        new("BestOfN", ["Numerics", "Rewards", "Policies"], Tensors: false, Async: true),
        new("Objectives", ["BestOfN"], Tensors: false, Async: false),
        new("Gradients", [], Tensors: true, Async: false),
        new("Torch", ["Numerics", "BestOfN", "Objectives"], Tensors: true, Async: false),
        new("Worlds", ["Numerics", "Rewards", "Policies", "BestOfN", "Objectives"], Tensors: false, Async: false),
        new("Checks", ["Numerics", "Rewards", "Policies", "BestOfN"], Tensors: false, Async: true),
        new("Evaluation", ["Numerics", "Rewards", "Policies", "BestOfN"], Tensors: false, Async: true),
        new("Training", ["Policies", "Models", "BestOfN", "Evaluation"], Tensors: true, Async: false),
    ];

    public static Room Of(string @namespace) => All.SingleOrDefault(room => @namespace == (room.Name.Length == 0 ? "VariationalBoN" : $"VariationalBoN.{room.Name}"))
        ?? throw new InvalidOperationException($"The namespace {@namespace} is no room; add it to this table and to docs/architecture.md, or move the type.");
}
