namespace Spoco.Cli.Pictures;

/// <summary>One picture of a panel and what stands above it.</summary>
internal readonly record struct PanelCell(string Title, Picture Picture);

/// <summary>Rows of pictures side by side, such as image, embeddings, segmentation, truth.</summary>
internal static class Panel
{
    private const int LargePicture = 200;

    /// <summary>
    /// Arranges the rows on white; columns are as wide and rows as high as their largest picture, titles that are too long are cut off.
    /// </summary>
    public static Picture Compose(IReadOnlyList<IReadOnlyList<PanelCell>> rows, int margin = 6)
    {
        if (rows.Count == 0 || rows.All(row => row.Count == 0))
            throw new ArgumentException("Panel: there is no picture to show.", nameof(rows));
        var columns = rows.Max(row => row.Count);
        var widths = Enumerable.Range(0, columns).Select(c => rows.Where(row => c < row.Count).Max(row => row[c].Picture.Width)).ToArray();
        var heights = rows.Select(row => row.Select(cell => cell.Picture.Height).DefaultIfEmpty(0).Max()).ToArray();
        var scale = widths.Min() >= LargePicture ? 2 : 1;
        var titles = rows.Select(row => row.Any(cell => cell.Title.Length > 0) ? BitmapFont.GlyphHeight * scale + margin : 0).ToArray();

        var panel = new Picture(widths.Sum() + margin * (columns + 1), heights.Sum() + titles.Sum() + margin * (rows.Count + 1), Rgb.White);
        var top = margin;
        for (var r = 0; r < rows.Count; r++)
        {
            var left = margin;
            for (var c = 0; c < rows[r].Count; c++)
            {
                var (title, picture) = rows[r][c];
                BitmapFont.Draw(panel, Fit(title, widths[c], scale), left, top, Rgb.Black, scale);
                panel.Draw(picture, left, top + titles[r]);
                left += widths[c] + margin;
            }

            top += titles[r] + heights[r] + margin;
        }

        return panel;
    }

    private static string Fit(string title, int width, int scale)
    {
        var length = title.Length;
        while (length > 0 && BitmapFont.WidthOf(title[..length], scale) > width)
            length--;
        return title[..length];
    }
}
