namespace BackdoorLab.Engine.Core;

/// <summary>Foreign text in messages: enough to recognise it, never a page of it.</summary>
public static class Brief
{
    /// <summary>A text of at most <paramref name="most"/> characters; a longer one is cut and ends with an ellipsis.</summary>
    public static string Of(string text, int most = 100)
    {
        if (text.Length <= most)
        {
            return text;
        }

        var end = char.IsHighSurrogate(text[most - 2]) ? most - 2 : most - 1;
        return text[..end] + "…";
    }
}
