using System.Text.Json.Nodes;
using VariationalBoN.Transformers.ChatTemplates;
using static VariationalBoN.Tests.Transformers.ChatTemplates.MessageInputs;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>Prefills: where the text ends that the model goes on with.</summary>
[Trait("Tier", "fast")]
public sealed class FinalMessageTests
{
    private const string Kept = "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}";
    private const string Trimmed = "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</>{% endfor %}";

    [Theory]
    [InlineData(Kept, "part", "<user>q</><assistant>part")]
    [InlineData(Kept, "part ", "<user>q</><assistant>part ")]
    [InlineData(Trimmed, "part ", "<user>q</><assistant>part")]
    [InlineData(Trimmed, " part", "<user>q</><assistant>part")]
    [InlineData(Kept, "q", "<user>q</><assistant>q")]
    [InlineData(Kept, "<", "<user>q</><assistant><")]
    [InlineData("{% for m in messages %}<|im|>{{ m.content }}<|im_end|>{% endfor %}", "|", "<|im|>q<|im_end|><|im|>|")]
    [InlineData("{% for m in messages %}<|im|>{{ m.content }}<|im_end|>{% endfor %}", "m", "<|im|>q<|im_end|><|im|>m")]
    [InlineData(Kept, "😀 x\n", "<user>q</><assistant>😀 x\n")]
    public void The_text_ends_with_the_content_of_the_last_message(string template, string content, string expected) =>
        Assert.Equal(expected, Render(template, Of(("user", "q"), ("assistant", content)) with { ContinueFinalMessage = true }));

    [Fact]
    public void The_last_text_of_a_list_of_parts_is_continued()
    {
        var messages = JsonNode.Parse("""[{"role": "assistant", "content": [{"text": "a"}, {"text": "b"}, {"image": 1}]}]""")!.AsArray();
        var input = new ChatTemplateInput { Messages = messages, ContinueFinalMessage = true };

        Assert.Equal("ab", Render("{{ messages[0].content | map(attribute='text', default='') | join }}!", input));
    }

    [Fact]
    public void A_prefill_and_a_generation_prompt_exclude_each_other()
    {
        ChatTemplateInput both = Of(("assistant", "x")) with { ContinueFinalMessage = true, AddGenerationPrompt = true };
        var error = Assert.Throws<ArgumentException>(() => Render(Kept, both));

        Assert.Contains(nameof(ChatTemplateInput.AddGenerationPrompt), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_that_the_template_leaves_out_cannot_be_continued()
    {
        Assert.Throws<ArgumentException>(() => Render("nothing", Of(("assistant", "x")) with { ContinueFinalMessage = true }));
        Assert.Throws<ArgumentException>(() => Render("nothing", Of() with { ContinueFinalMessage = true }));
    }

    [Fact]
    public void Cutting_is_work_of_the_rendering_and_its_fault_names_the_template()
    {
        var template = ChatTemplate.Parse(Kept, "the template", new ChatTemplateBounds { MaxSteps = 150 });
        ChatTemplateInput input = Of(("assistant", new string('x', 400)));

        Assert.NotEmpty(template.Render(input));
        var error = Assert.Throws<ChatTemplateException>(() => template.Render(input with { ContinueFinalMessage = true }));

        Assert.Contains("the template", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ChatTemplateBounds.MaxSteps), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "<assistant>q</>")]
    [InlineData("  ", "<assistant>q</>")]
    public void An_empty_content_is_continued_at_the_end(string content, string before) =>
        Assert.EndsWith(
            before + "<assistant>" + content.Trim() + "</>",
            Render(Trimmed, Of(("assistant", "q"), ("assistant", content)) with { ContinueFinalMessage = true }),
            StringComparison.Ordinal
        );

    [Fact]
    public void The_ranges_end_where_the_text_ends()
    {
        RenderedChat chat = ChatTemplate
            .Parse(Kept)
            .RenderMarked(Of(("user", "q"), ("assistant", "part ")) with { ContinueFinalMessage = true });

        Assert.Equal(chat.Text.Length, chat.DataRanges[^1].End);
    }
}
