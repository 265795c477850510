using System.Text.Json.Nodes;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>The code of docs/chat-templates.md.</summary>
[Trait("Tier", "fast")]
public sealed class ChatTemplateSnippets
{
    [Fact]
    public void The_program_of_the_page_prints_the_prompt()
    {
        string directory = Directory.CreateTempSubdirectory("chat-template").FullName;
        try
        {
            File.WriteAllText(Path.Combine(directory, "chat_template.jinja"), GoldenChat.Templates["llama3"].Source);

            (string text, string data) = Prompt(directory);

            Assert.Equal(
                "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nAnswer briefly.<|eot_id|>"
                    + "<|start_header_id|>user<|end_header_id|>\n\nWhat is 2 + "
                    + "2?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
                text
            );
            Assert.Equal("system|Answer briefly.|user|What is 2 + 2?", data);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static (string Text, string Data) Prompt(string directory)
    {
        // snippet: program
        var template = ChatTemplate.Load(directory); // the model's directory, as it was downloaded
        var input = new ChatTemplateInput
        {
            Messages =
            [
                new JsonObject { ["role"] = "system", ["content"] = "Answer briefly." },
                new JsonObject { ["role"] = "user", ["content"] = "What is 2 + 2?" },
            ],
            AddGenerationPrompt = true,
            SpecialTokens = new Dictionary<string, string?> { ["bos_token"] = "<|begin_of_text|>", ["eos_token"] = "<|eot_id|>" },
            Date = new DateTime(2026, 1, 15), // for templates that write the date; without it they are refused
        };

        RenderedChat chat = template.RenderMarked(input); // or template.Render(input) for the text alone
        Console.WriteLine(chat.Text);

        IEnumerable<string> data = chat.DataRanges.Select(range => chat.Text.Substring(range.Start, range.Length));
        Console.WriteLine(string.Join("|", data)); // what the conversation spelled: never a special token
        // end snippet
        return (chat.Text, string.Join("|", data));
    }
}
