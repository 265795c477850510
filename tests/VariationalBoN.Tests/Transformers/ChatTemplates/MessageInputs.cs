using System.Text.Json.Nodes;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>Inputs of a few messages.</summary>
internal static class MessageInputs
{
    public static ChatTemplateInput Of(params (string Role, string Content)[] messages) =>
        new()
        {
            Messages = new JsonArray([
                .. messages.Select(message => new JsonObject { ["role"] = message.Role, ["content"] = message.Content }),
            ]),
        };

    public static string Render(string template, ChatTemplateInput? input = null) =>
        ChatTemplate.Parse(template, "t").Render(input ?? Of());

    public static ChatTemplateException Refused(string template, ChatTemplateInput? input = null) =>
        Assert.Throws<ChatTemplateException>(() => Render(template, input));
}
