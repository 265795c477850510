using System.Text;

namespace SentimentControl.Reporting;

/// <summary>One prompt with an answer of the reference, of literal Best-of-N and of vBoN.</summary>
internal sealed record SideBySide(string Prompt, IReadOnlyList<SideBySide.Answer> Answers)
{
    /// <summary>An answer with its reward.</summary>
    internal sealed record Answer(string From, string Text, double Reward);

    public static string ForConsole(IEnumerable<SideBySide> prompts)
    {
        var text = new StringBuilder();
        foreach (var prompt in prompts)
        {
            text.Append("  ").Append(prompt.Prompt).AppendLine(" ...");
            foreach (var answer in prompt.Answers)
                text.AppendLine(FormattableString.Invariant($"    {answer.From, -16} {answer.Reward, 6:+0.0;-0.0;0.0}  {answer.Text}"));
        }

        return text.ToString();
    }

    public static string Markdown(IEnumerable<SideBySide> prompts)
    {
        var text = new StringBuilder("| prompt | from | reward | answer |\n| --- | --- | ---: | --- |\n");
        foreach (var prompt in prompts)
        {
            foreach (var answer in prompt.Answers)
                text.Append(
                    FormattableString.Invariant(
                        $"| {Cell(prompt.Prompt)} | {answer.From} | {answer.Reward:+0.0;-0.0;0.0} | {Cell(answer.Text)} |\n"
                    )
                );
        }

        return text.ToString();

        static string Cell(string value) => value.Replace("|", "\\|").ReplaceLineEndings(" ");
    }
}
