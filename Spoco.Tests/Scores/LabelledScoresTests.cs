using Spoco.Engine;
using Spoco.Engine.Scores;

namespace Spoco.Tests.Scores;

/// <summary>Scores of labelled objects, where others have no label.</summary>
public sealed class LabelledScoresTests
{
    [Test]
    public void Unlabelled_objects_are_no_errors()
    {
        var scores = Of([1, 1, 1, 1, 0, 0, 0, 2, 2, 0], [5, 5, 5, 0, 0, 7, 7, 8, 8, 8]);
        Assert.That((scores.Objects, scores.Split, scores.Merged, scores.BackgroundCovered), Is.EqualTo((2, 0, 0, (double?)null)));
        Assert.That(scores.Mean, Is.EqualTo((3 / 4.0 + 2 / 3.0) / 2).Within(1e-12));
        Assert.That(scores.Recall, Is.EqualTo(1));
        Assert.That(scores.Rank, Is.EqualTo(scores.Mean));
    }

    [Test]
    public void Objects_in_pieces_are_split_and_objects_in_one_segment_are_merged()
    {
        var split = Of([1, 1, 1, 1, 0, 2, 2, 2], [5, 5, 6, 6, 0, 7, 7, 7]);
        Assert.That((split.Split, split.Merged, split.Mean, split.Recall), Is.EqualTo((1, 0, 0.75, 1.0)));
        var merged = Of([1, 1, 1, 2, 2, 2, 3, 3], [5, 5, 5, 5, 5, 5, 6, 6]);
        Assert.That((merged.Split, merged.Merged, merged.Recall), Is.EqualTo((0, 2, 1.0)));
        var specks = Of([.. Enumerable.Repeat(1, 20)], [5, .. Enumerable.Repeat(6, 19)]);
        Assert.That(specks.Split, Is.Zero, "a speck of less than a tenth");
    }

    [Test]
    public void What_is_segmented_of_the_labelled_background_counts_against_a_model()
    {
        var scores = Of([1, 1, -1, -1, -1, -1, 0, 0], [5, 5, 0, 6, 6, 6, 6, 6]);
        Assert.That((scores.BackgroundCovered, scores.Rank), Is.EqualTo(((double?)0.75, 0.25)));
        Assert.That(scores.ToString(), Does.Contain("75 % of the labelled background"));
    }

    [Test]
    public void Missed_objects_and_images_without_labels()
    {
        var missed = Of([1, 1, 0, 0], [0, 0, 3, 3]);
        Assert.That((missed.Objects, missed.Mean, missed.Recall), Is.EqualTo((1, 0.0, 0.0)));
        var nothing = Of([0, 0, 0], [1, 1, 0]);
        Assert.That((nothing.Objects, nothing.Mean, nothing.Rank), Is.EqualTo((0, 0.0, 0.0)));
    }

    [Test]
    public void A_mark_is_found_in_a_segment_of_its_own_whatever_its_size()
    {
        var scores = Of([0, 0, 1, 1, 0, 0, 2, 2, 2, 0], [5, 5, 5, 5, 5, 0, 6, 6, 0, 7], partial: true);
        Assert.That((scores.Objects, scores.Recall, scores.Split, scores.Merged), Is.EqualTo((2, 1.0, 0, 0)));
        Assert.That(scores.Mean, Is.EqualTo((1 + 2 / 3.0) / 2).Within(1e-12));
        Assert.That(scores.ToString(), Does.StartWith("of 2 marked objects: mean part in a segment of its own 0.833, recall@0.5 1.000"));
    }

    [Test]
    public void Marks_that_share_a_segment_are_not_found_and_marks_in_two_are_split()
    {
        var merged = Of([1, 1, 0, 2, 2, 0, 3], [5, 5, 5, 5, 5, 0, 6], partial: true);
        Assert.That((merged.Merged, merged.Mean, merged.Recall), Is.EqualTo((2, 1 / 3.0, 1 / 3.0)));
        var split = Of([0, 1, 1, 1, 1, 0], [5, 5, 6, 6, 6, 6], partial: true);
        Assert.That((split.Split, split.Merged, split.Mean), Is.EqualTo((1, 0, 0.75)));
        var missed = Of([0, 1, 1, 0], [5, 0, 0, 5], partial: true);
        Assert.That((missed.Mean, missed.Recall), Is.EqualTo((0.0, 0.0)));
    }

    private static LabelledScores Of(int[] labels, int[] segments, bool partial = false) =>
        LabelledScores.Of([(new Volume<int>(labels, 1, 1, labels.Length), new Volume<int>(segments, 1, 1, segments.Length))], partial);
}
