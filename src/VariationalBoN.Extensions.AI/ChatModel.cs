using Microsoft.Extensions.AI;

namespace VariationalBoN.Extensions.AI;

/// <summary>What judge and sampler share. Stateless, thread-safe.</summary>
internal static class ChatModel
{
    private const int ShownCharacters = 80;

    /// <summary>The name of the model that will answer.</summary>
    public static string Name(IChatClient client, string? modelId, string options) =>
        modelId ?? (client.GetService(typeof(ChatClientMetadata)) as ChatClientMetadata)?.DefaultModelId
            ?? throw new ArgumentException($"The chat client does not say which model it asks. Set {options}.ModelId, or Identity, so that rewards and samples of another model are refused.");

    public static string Shorten(string text) => text.Length <= ShownCharacters ? text : string.Concat(text.AsSpan(0, ShownCharacters), "...");
}
