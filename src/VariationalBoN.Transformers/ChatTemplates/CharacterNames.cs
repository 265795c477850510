namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Names of characters for the escape <c>\N{...}</c>.</summary>
internal static class CharacterNames
{
    public static string? Find(string name) => name == "SNOWMAN" ? "☃" : null;
}
