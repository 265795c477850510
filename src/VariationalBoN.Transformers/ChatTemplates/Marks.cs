namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>What is known of a character: whether it came from the input, and whether a generation block printed it.</summary>
[Flags]
internal enum Marks : byte
{
    None = 0,

    /// <summary>The character comes from messages, tools, documents or variables.</summary>
    Data = 1,

    /// <summary>The character was printed by a <c>{% generation %}</c> block.</summary>
    Generation = 2,
}

/// <summary>A run of <paramref name="Length"/> UTF-16 units that carry the same marks.</summary>
internal readonly record struct MarkRun(int Length, Marks Marks);
