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

/// <summary>UTF-16 units of equal marks, from the end of the run before (or the start of the text) to <paramref name="End"/>.</summary>
internal readonly record struct MarkRun(int End, Marks Marks);
