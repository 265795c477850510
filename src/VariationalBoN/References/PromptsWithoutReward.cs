namespace VariationalBoN.References;

/// <summary>Prompts each of whose samples was excluded: nothing is known of their F. Stateless, thread-safe.</summary>
internal static class PromptsWithoutReward
{
    private const int Named = 5;

    /// <summary>A sentence that counts them and names the first.</summary>
    /// <returns>Null when each prompt has a reward.</returns>
    public static string? Among(IReadOnlyCollection<ReferencePrompt> prompts)
    {
        ReferencePrompt[] empty = [.. prompts.Where(prompt => prompt.Count == 0)];
        return empty.Length == 0
            ? null
            : $"{empty.Length} of {prompts.Count} prompts have no reward, each of their samples was excluded: "
                + string.Join(", ", empty.Take(Named).Select(prompt => $"\"{prompt.Prompt}\""))
                + (empty.Length > Named ? $" and {empty.Length - Named} more." : ".");
    }
}
