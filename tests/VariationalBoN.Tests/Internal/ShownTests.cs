using VariationalBoN.Internal;

namespace VariationalBoN.Tests.Internal;

[Trait("Tier", "fast")]
public sealed class ShownTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("four", "four")]
    [InlineData("fifth", "fift...")]
    [InlineData("abc\U0001F600", "abc...")] // two code units: half of it would be no text
    [InlineData("ab\U0001F600c", "ab\U0001F600...")]
    public void A_text_that_is_too_long_is_cut_between_characters(string text, string expected) =>
        Assert.Equal(expected, Shown.Text(text, 4));

    [Fact]
    public void Texts_show_sixty_characters_and_names_two_hundred()
    {
        Assert.Equal(new string('x', 60), Shown.Text(new string('x', 60)));
        Assert.Equal(new string('x', 60) + "...", Shown.Text(new string('x', 61)));
        Assert.Equal(new string('x', 200), Shown.Name(new string('x', 200)));
        Assert.Equal(new string('x', 200) + "...", Shown.Name(new string('x', 201)));
    }

    [Fact]
    public void A_shape_stands_in_brackets()
    {
        Assert.Equal("[2, 3]", Shown.Shape([2, 3]));
        Assert.Equal("[]", Shown.Shape([]));
    }
}
