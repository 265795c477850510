using SentimentControl.Datasets.Austen;

namespace SentimentControl.Tests.Austen;

[Trait("Tier", "fast")]
public class AustenSegmenterTests
{
    [Fact]
    public void Speech_and_what_is_said_about_it_are_told_apart_and_the_marks_removed()
    {
        AustenSegment[] segments = Segment(
            """
            "My dear Mr. Bennet," said his lady to him one day. "Have you heard that Netherfield Park is let at last?" Mr. Bennet replied that he had not; and he
            """ + " went _out_ again."
        );
        Assert.Equal(
            [
                (SegmentKind.Mixed, "My dear Mr. Bennet, said his lady to him one day."),
                (SegmentKind.Dialogue, "Have you heard that Netherfield Park is let at last?"),
                (SegmentKind.Narration, "Mr. Bennet replied that he had not; and he went out again."),
            ],
            segments.Select(segment => (segment.Kind, segment.Text))
        );
    }

    [Fact]
    public void A_quotation_inside_a_quotation_loses_its_marks_too()
    {
        AustenSegment[] segments = Segment("\"He told me, 'It is not my sister's fault,' and then he left us.\"");
        Assert.Equal("He told me, It is not my sister's fault, and then he left us.", Assert.Single(segments).Text);
    }

    [Fact]
    public void A_question_inside_a_sentence_does_not_end_it()
    {
        AustenSegment[] segments = Segment("\"What can be the matter?\" cried she with great surprise.");
        Assert.Equal((SegmentKind.Mixed, "What can be the matter? cried she with great surprise."), (segments[0].Kind, segments[0].Text));
    }

    [Fact]
    public void A_long_sentence_is_cut_at_a_comma_and_only_its_head_starts_a_sentence()
    {
        string words = string.Join(' ', Enumerable.Repeat("word", 19));
        AustenSegment[] segments = Segment($"First {words}, then {words}.");
        Assert.Equal([true, false], segments.Select(segment => segment.StartsSentence));
        Assert.Equal([$"First {words}.", $"Then {words}."], segments.Select(segment => segment.Text));
    }

    [Fact]
    public void Every_segment_of_the_novels_is_short_and_bears_no_mark()
    {
        Assert.All(
            AustenSegmenter.Segment(AustenNovels.Load()),
            segment =>
            {
                Assert.DoesNotContain('"', segment.Text);
                Assert.InRange(segment.Text.Split(' ').Length, AustenSegmenter.MinimumWords, AustenSegmenter.MaximumWords);
                Assert.Contains(segment.Text[^1], ".!?");
            }
        );
    }

    private static AustenSegment[] Segment(string paragraph) => [.. AustenSegmenter.Segment([new AustenParagraph(0, 1, false, paragraph)])];
}
