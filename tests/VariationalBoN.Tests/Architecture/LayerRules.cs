using Mono.Cecil;

namespace VariationalBoN.Tests.Architecture;

/// <summary>What a type does that its room may not do, as sentences.</summary>
internal static class LayerRules
{
    public static IEnumerable<string> Violations(TypeDefinition type, Room room) =>
        from used in References.Of(type)
        let reason = Reason(Outermost(used), room)
        where reason is not null
        select $"{type.FullName} {reason}: {used.FullName}";

    private static string? Reason(TypeReference used, Room room)
    {
        // TorchRuntime names the class that holds all of TorchSharp, to find its assembly; that is no tensor.
        if (used.Namespace.StartsWith("TorchSharp", StringComparison.Ordinal) && !room.Tensors && !(room.Name.Length == 0 && used.FullName == "TorchSharp.torch"))
            return "uses TorchSharp in a room without tensors";
        if (!used.Namespace.StartsWith("VariationalBoN", StringComparison.Ordinal) || used.Namespace.StartsWith("VariationalBoN.Tests", StringComparison.Ordinal))
            return null;
        string other = Room.Of(used.Namespace).Name;
        return other is "" or "Internal" || other == room.Name || room.MayUse.Contains(other) ? null
            : $"uses the room {other}, which {(room.Name.Length == 0 ? "the root" : room.Name)} may not";
    }

    /// <summary>torch.Tensor is nested: its namespace is that of the outermost type.</summary>
    private static TypeReference Outermost(TypeReference type)
    {
        while (type.DeclaringType is not null)
            type = type.DeclaringType;
        return type;
    }
}
