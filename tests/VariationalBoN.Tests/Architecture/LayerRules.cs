using Mono.Cecil;

namespace VariationalBoN.Tests.Architecture;

/// <summary>What types do that their rooms may not do, as sentences.</summary>
/// <param name="house">The rooms.</param>
/// <param name="roomsOfTypes">The names of the rooms in which the sources of each type stand.</param>
internal sealed class LayerRules(House house, IReadOnlyDictionary<string, string[]> roomsOfTypes)
{
    /// <summary>What a type uses and its room may not.</summary>
    public IEnumerable<string> Uses(TypeDefinition type, Room room) =>
        from used in UsedTypes.Of(type)
        let reason = Reason(Outermost(used), room)
        where reason is not null
        select $"{type.FullName} {reason}: {used.FullName}";

    /// <summary>
    /// What is wrong with where a type stands: each is in one room, which has a row,
    /// and in the namespace of the room or, where the page says so, in that of the everyday types.
    /// </summary>
    public IEnumerable<string> Place(string type)
    {
        string[] rooms = roomsOfTypes[type];
        (string space, string name) = type.LastIndexOf('.') is var dot && dot < 0 ? ("", type) : (type[..dot], type[(dot + 1)..]);
        if (rooms.Length == 0)
            return IsLibrary(space) ? [$"{type}: its folder is not in the debug symbols"] : [];
        if (rooms.Length > 1)
            return [$"{type} is spread over {string.Join(", ", rooms)}"];
        if (!house.Rooms.ContainsKey(rooms[0]))
            return [$"{type}: the room {rooms[0]} has no row"];
        string expected = house.EverydayTypes.GetValueOrDefault(name, rooms[0]);
        return space == expected ? [] : [$"{type} stands in {rooms[0]}: its namespace must be {expected}"];
    }

    private string? Reason(TypeReference used, Room room)
    {
        // TorchRuntime names the class that holds all of TorchSharp, to find its assembly; that is no tensor.
        bool isTorch = used.Namespace.StartsWith("TorchSharp", StringComparison.Ordinal);
        if (isTorch && !room.Tensors && !(room.Name == "VariationalBoN" && used.FullName == "TorchSharp.torch"))
            return "uses TorchSharp in a room without tensors";
        return roomsOfTypes
            .GetValueOrDefault(used.FullName, [])
            .Where(other => other != room.Name && !room.MayUse.Contains(other))
            .Select(other => $"uses the room {other}, which {room.Name} may not")
            .FirstOrDefault();
    }

    private static bool IsLibrary(string space) =>
        space == "VariationalBoN" || space.StartsWith("VariationalBoN.", StringComparison.Ordinal);

    /// <summary>torch.Tensor is nested: its namespace is that of the outermost type.</summary>
    private static TypeReference Outermost(TypeReference type)
    {
        while (type.DeclaringType is not null)
            type = type.DeclaringType;
        return type;
    }
}
